import { importLimits as limits } from '../limits.js';
import { readStart } from './file-lines.js';

interface Kind {
  /** The first bytes of such a file, as characters of Latin-1. */
  readonly signature: string;
  /** A text that is among the first bytes of this kind, and not of others with its signature. */
  readonly holds?: string;
  readonly what: string;
}

const unpack = 'unpack it, and import the file that is in it';
const saveAsCsv = 'open it and save the sheet as CSV in UTF-8';

/** Files that are given by mistake. The first that fits counts. */
const kinds: readonly Kind[] = [
  { signature: '\x1f\x8b', what: `is compressed with gzip: ${unpack}` },
  { signature: 'BZh', holds: '1AY&SY', what: `is compressed with bzip2: ${unpack}` },
  { signature: '\xfd7zXZ\x00', what: `is compressed with xz: ${unpack}` },
  { signature: '\x28\xb5\x2f\xfd', what: `is compressed with Zstandard: ${unpack}` },
  { signature: "7z\xbc\xaf'\x1c", what: `is a 7-Zip archive: ${unpack}` },
  { signature: 'PK\x03\x04', holds: 'xl/', what: `is an Excel workbook: ${saveAsCsv}` },
  { signature: 'PK\x03\x04', holds: '[Content_Types].xml', what: `is an Excel workbook: ${saveAsCsv}` },
  { signature: 'PK\x03\x04', holds: 'opendocument.spreadsheet', what: `is a spreadsheet: ${saveAsCsv}` },
  { signature: 'PK\x03\x04', what: `is a ZIP archive: ${unpack}` },
  { signature: '\xd0\xcf\x11\xe0', what: `is an Excel workbook: ${saveAsCsv}` },
  { signature: '%PDF', what: 'is a PDF document: export the orders as CSV' },
  { signature: 'PAR1\x15', what: 'is a Parquet file: write it as CSV' },
  { signature: '\xff\xfe\x00\x00', what: 'is UTF-32: save it as UTF-8' },
  { signature: '\x00\x00\xfe\xff', what: 'is UTF-32: save it as UTF-8' },
];

/**
 * Throws Error, with a message for the user, if the first bytes show that the file is of a kind
 * that is never CSV or NDJSON. Its lines would be refused for reasons that do not help.
 */
export async function checkFileKind(file: string): Promise<void> {
  const start = (await readStart(file, limits.hintBytes)).toString('latin1');
  const kind = kinds.find(({ signature, holds = '' }) => start.startsWith(signature) && start.includes(holds));
  if (kind) throw new Error(`${file} ${kind.what}`);
}

/** The same for the text of a file in UTF-8. */
export async function checkTextKind(file: string, text: string, format: 'csv' | 'ndjson'): Promise<void> {
  const start = (await readStart(text, limits.hintBytes)).toString().replace(/^\ufeff?\s*/, '');
  if (/^<(?:!doctype|html|\?xml)/i.test(start))
    throw new Error(`${file} is a page of HTML or XML: the download may need a login, or another form of the export`);
  if (format === 'csv') {
    if (/^\[?\s*\{\s*"/.test(start)) throw new Error(`${file} is JSON, not CSV: ${jsonLines(start)}`);
  } else if (start.startsWith('['))
    throw new Error(`${file} is not NDJSON, which has one JSON object per line: ${jsonLines(start)}`);
  else if (start !== '' && !start.startsWith('{'))
    throw new Error(`${file} is not NDJSON, since its first line is no JSON object: add --format csv if it is CSV`);
}

function jsonLines(start: string): string {
  return start.startsWith('[')
    ? "write each of its elements on a line, as with jq -c '.[]', and import them with --format ndjson"
    : 'import it with --format ndjson if each line is a command';
}
