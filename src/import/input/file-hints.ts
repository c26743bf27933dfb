import { importLimits as limits } from '../limits.js';
import { readStart } from './file-lines.js';

const delimiters = [
  { character: ';', option: "--delimiter ';'" },
  { character: '\t', option: "--delimiter '\\t'" },
  { character: '|', option: "--delimiter '|'" },
];

/**
 * The delimiter that the first line of a file declares, such as `sep=;`. Excel reads such a line,
 * and programs that write files for it begin them with one. Undefined for any other line.
 */
export function declaredDelimiter(line: string): string | undefined {
  return /^\ufeff?"?sep=([^"\r\n\p{L}\p{N}])"?\r?\n?$/iu.exec(line)?.[1];
}

/**
 * Says which options the file may need, by a look at its first bytes: as the end of a message, or
 * an empty text. The import never sets these options itself.
 */
export async function fileHint(file: string, delimiter: string): Promise<string> {
  const start = await readStart(file, limits.hintBytes);
  const options: string[] = [];
  const encoding = encodingHint(start);
  const text = start.toString(encoding === 'latin1' ? 'latin1' : 'utf8').replaceAll('\0', '');
  const [firstLine = '', secondLine = ''] = text.split(/\r\n|[\r\n]/, 2);
  const header = declaredDelimiter(firstLine) === undefined ? firstLine : secondLine;
  const other = header.includes(delimiter)
    ? undefined
    : delimiters.find(({ character }) => character !== delimiter && header.includes(character));
  if (other) options.push(other.option);
  const between = other?.character ?? delimiter;
  if (between !== ',' && text.split(/[\r\n]+/).some((line) => line.split(between).some(hasDecimalComma)))
    options.push('--decimal ,');
  if (encoding) options.push(`--encoding ${encoding}`);
  const isQuotedWhole = /^\ufeff?"(?:[^"]|"")*"$/.test(header) && header.includes(delimiter);
  const cure = isQuotedWhole ? '. Each row is one quoted cell: remove the quotes around the rows' : '';
  return options.length === 0 ? cure : `${cure}. The file seems to need ${options.join(' ')}`;
}

function hasDecimalComma(cell: string): boolean {
  return /^"?-?\d{1,3}(?:\.?\d{3})*,\d{1,2}"?$/.test(cell.trim());
}

/** The encoding that the bytes seem to have. Undefined for UTF-8. */
function encodingHint(bytes: Buffer): string | undefined {
  if (isUtf16(bytes)) return 'utf-16';
  // The last bytes may be the first ones of a character.
  for (let cut = 0; cut < 4; cut += 1) {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
      return undefined;
    } catch {
      if (bytes.length < limits.hintBytes) break;
    }
  }
  return 'latin1';
}

/** Whether the bytes begin with the byte order mark of UTF-16, or every other byte is zero. */
export function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.length > 1 ? bytes.readUInt16BE(0) : 0;
  return (
    mark === 0xfffe ||
    mark === 0xfeff ||
    (bytes.length > 3 && bytes.subarray(0, 4).filter((byte) => byte === 0).length === 2)
  );
}
