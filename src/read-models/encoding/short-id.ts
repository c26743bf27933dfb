import { codeAt } from '../../orders/values/code-at.js';

/**
 * The alphabet of ids and times in Redis. A character holds 6 bits, a hexadecimal digit only 4;
 * each byte counts, because it is stored once per order or event. The alphabet is in ASCII order,
 * so short texts sort like the ids and times that they stand for.
 */
const alphabet = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

const codes = Array.from(alphabet, (character) => character.charCodeAt(0));

/**
 * By character code: the value of a hexadecimal digit, and of a character of the alphabet. -1 means
 * none.
 */
const digitValues = valuesOf('0123456789abcdef');
const characterValues = valuesOf(alphabet);

function valuesOf(characters: string): Int8Array {
  const values = new Int8Array(128).fill(-1);
  for (const [value, character] of [...characters].entries()) values[character.charCodeAt(0)] = value;
  return values;
}

/** Length of a short id in characters. */
export const shortIdLength = 22;

/** The indexes of the 32 digits of a UUID. */
const digitIndexes = [...'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'].flatMap((mark, index) => (mark === 'x' ? index : []));

const dashIndexes = [8, 13, 18, 23];
const dash = 0x2d;

/** Length of a short time in characters. */
export const shortTimeLength = 8;

/**
 * Texts are written to this buffer and become strings at once. Texts that grow piece by piece cost
 * more in garbage collection.
 */
const written = Buffer.alloc(shortTimeLength + shortIdLength);

/** The 22 characters of a lower-case UUID. Throws on another text. */
export function shortId(uuid: string): string {
  return shortIdIfUuid(uuid) ?? throwNoUuid(uuid);
}

/** The 22 characters of a lower-case UUID; undefined for another text. */
export function shortIdIfUuid(text: string): string | undefined {
  return writeId(0, text) ? written.toString('latin1', 0, shortIdLength) : undefined;
}

/** The 8 characters of a time in milliseconds since 1970. An earlier time counts as 1970. */
export function shortTime(milliseconds: number): string {
  writeTime(0, milliseconds);
  return written.toString('latin1', 0, shortTimeLength);
}

/** The short time followed by the short id. */
export function shortTimeAndId(milliseconds: number, uuid: string): string {
  writeTime(0, milliseconds);
  if (!writeId(shortTimeLength, uuid)) throwNoUuid(uuid);
  return written.toString('latin1', 0, shortTimeLength + shortIdLength);
}

/**
 * Writes a short id to the buffer. 32 digits make 21 1/3 characters, so one zero digit is appended.
 *
 * It ends at the first digit that is none: a code at the index -1 would be looked up as a property,
 * which takes a hundred times longer, and most texts of imported orders are no UUIDs.
 *
 * @returns whether the text is a lower-case UUID. Otherwise the buffer holds no id.
 */
function writeId(at: number, uuid: string): boolean {
  if (uuid.length !== 36) return false;
  for (const index of dashIndexes) if (codeAt(uuid, index) !== dash) return false;
  for (let nth = 0, character = at; nth < 32; nth += 3) {
    const high = digitAt(uuid, nth);
    const middle = digitAt(uuid, nth + 1);
    const low = nth + 2 < 32 ? digitAt(uuid, nth + 2) : 0;
    if ((high | middle | low) < 0) return false;
    written[character++] = codes[(high << 2) | (middle >> 2)] ?? 0;
    written[character++] = codes[((middle & 3) << 4) | low] ?? 0;
  }
  return true;
}

function writeTime(at: number, milliseconds: number): void {
  let rest = Math.max(0, milliseconds);
  for (let index = at + shortTimeLength - 1; index >= at; index -= 1) {
    const upper = Math.floor(rest / 64);
    written[index] = codes[rest - upper * 64] ?? 0;
    rest = upper;
  }
}

function throwNoUuid(text: string): never {
  throw new Error(`"${text}" is no lower-case UUID`);
}

function digitAt(uuid: string, nth: number): number {
  return digitValues[codeAt(uuid, digitIndexes[nth] ?? 0)] ?? -1;
}

/** The UUID of a short id. Throws if the text is no short id. */
export function longId(short: string): string {
  if (short.length !== shortIdLength) throw new Error(`"${short}" is no short id`);
  let digits = '';
  for (let at = 0; at < short.length; at += 2) {
    const [high, low] = [characterValues[codeAt(short, at)] ?? -1, characterValues[codeAt(short, at + 1)] ?? -1];
    if (high < 0 || low < 0) throw new Error(`"${short}" is no short id`);
    digits += ((high << 6) | low).toString(16).padStart(3, '0');
  }
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20, 32)}`;
}
