import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { writeAll } from '../../write-all.js';
import { importLimits as limits } from '../limits.js';
import { isUtf16 } from './file-hints.js';
import { readStart } from './file-lines.js';

/** The values of --encoding. */
const encodings = ['utf-8', 'utf-16', 'latin1', 'iso-8859-1', 'windows-1252'] as const;

export type Encoding = (typeof encodings)[number];

const aliases: Readonly<Record<string, Encoding>> = {
  utf8: 'utf-8',
  utf16: 'utf-16',
  'utf-16le': 'utf-16',
  'utf-16be': 'utf-16',
  'latin-1': 'latin1',
  cp1252: 'windows-1252',
};

/** Parses --encoding. Throws Error with a message for the user. */
export function encodingOf(name: string): Encoding {
  const lower = name.toLowerCase();
  const known = encodings.find((one) => one === (aliases[lower] ?? lower));
  if (known === undefined) throw new Error(`--encoding ${name}: use one of ${encodings.join(', ')}`);
  return known;
}

/** Throws Error with a message for the user if the file is UTF-16 and the encoding is another. */
export async function checkEncoding(file: string, encoding: Encoding): Promise<void> {
  const start = await readStart(file, limits.hintBytes);
  if (encoding !== 'utf-16' && isUtf16(start)) throw new Error(`${file} is UTF-16: set --encoding utf-16`);
}

/**
 * Writes a copy of the file in UTF-8, from which the import then reads: byte positions count there.
 * Memory is bounded by one chunk. Throws Error if a byte is not of the encoding.
 * @param onRead called with the bytes of the file that were read.
 */
export async function writeUtf8Copy(
  file: string,
  encoding: Encoding,
  to: string,
  onRead: (bytes: number) => void,
): Promise<void> {
  const decode = encoding === 'utf-16' ? utf16Decoder(await readStart(file, 2)) : westernDecoder();
  const out = await open(to, 'w', 0o600);
  try {
    let offset = 0;
    let written = 0;
    const write = async (text: string) => {
      const bytes = Buffer.from(text);
      await writeAll(out, bytes, written);
      written += bytes.length;
    };
    for await (const chunk of createReadStream(file, { highWaterMark: limits.readChunkBytes })) {
      await write(decode(chunk as Buffer, false, offset));
      offset += (chunk as Buffer).length;
      onRead(offset);
    }
    await write(decode(Buffer.alloc(0), true, offset));
  } catch (error) {
    if (!(error instanceof WrongBytes)) throw error;
    throw new Error(`${file} is not ${encoding} throughout: ${error.message}`, { cause: error });
  } finally {
    await out.close();
  }
}

/** Decodes consecutive bytes of a file. Throws WrongBytes if they are not of the encoding. */
type Decode = (bytes: Buffer, last: boolean, offset: number) => string;

class WrongBytes extends Error {}

function utf16Decoder(start: Buffer): Decode {
  const bigEndian = start.length > 1 && (start.readUInt16BE(0) === 0xfeff || start[0] === 0);
  const decoder = new TextDecoder(bigEndian ? 'utf-16be' : 'utf-16le', { fatal: true });
  return (bytes, last) => {
    try {
      return decoder.decode(bytes, { stream: !last });
    } catch (error) {
      throw new WrongBytes(error instanceof Error ? error.message : String(error), { cause: error });
    }
  };
}

/** The characters of the bytes 0x80 to 0x9f in windows-1252. A blank stands for those it lacks. */
const western = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

/**
 * Latin-1 is read as windows-1252, as browsers do: both differ only in bytes that Latin-1 uses for
 * control characters. Some versions of Node decode these bytes wrongly, so they are mapped here.
 */
function westernDecoder(): Decode {
  return (bytes, _last, offset) =>
    bytes.toString('latin1').replace(/[\x80-\x9f]/g, (character, at: number) => {
      const mapped = western[character.charCodeAt(0) - 0x80];
      if (mapped === undefined || mapped === ' ') throw new WrongBytes(`byte ${offset + at} is no character`);
      return mapped;
    });
}
