import { codeAt } from '../../orders/values/code-at.js';

/**
 * Ids and times as short text for Redis, where every byte is there a million times: 6 bits a character instead of the 4 of
 * hexadecimal digits. The alphabet is in ASCII order, so short texts sort as the digits do.
 */
const alphabet = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

const codes = Array.from(alphabet, (character) => character.charCodeAt(0));

/** The values of characters, by their code: of hexadecimal digits, and of the alphabet. -1: none. */
const digitValues = valuesOf('0123456789abcdef');
const characterValues = valuesOf(alphabet);

function valuesOf(characters: string): Int8Array {
  const values = new Int8Array(128).fill(-1);
  for (const [value, character] of [...characters].entries()) values[character.charCodeAt(0)] = value;
  return values;
}

/** Characters of a short id. */
export const shortIdLength = 22;

/** Where in a UUID its 32 digits are; a zero is put behind them. */
const digitPlaces = [...'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'].flatMap((mark, place) => (mark === 'x' ? place : []));

const dashPlaces = [8, 13, 18, 23];
const dash = 0x2d;

/** Characters of a short time. */
const shortTimeLength = 8;

/**
 * Texts are written here and made strings at once: text put together piece by piece would cost the garbage collector more than
 * it takes.
 */
const written = Buffer.alloc(shortTimeLength + shortIdLength);

/** The 22 characters of a UUID in lower case. Throws on anything else. */
export function shortId(uuid: string): string {
  return shortIdIfUuid(uuid) ?? refuse(uuid);
}

/** The same; undefined for anything else. */
export function shortIdIfUuid(text: string): string | undefined {
  return writeId(0, text) ? written.toString('latin1', 0, shortIdLength) : undefined;
}

/** The 8 characters of a time in milliseconds since 1970; times before are that of 1970. */
export function shortTime(milliseconds: number): string {
  writeTime(0, milliseconds);
  return written.toString('latin1', 0, shortTimeLength);
}

/** The short time followed by the short id. */
export function shortTimeAndId(milliseconds: number, uuid: string): string {
  writeTime(0, milliseconds);
  if (!writeId(shortTimeLength, uuid)) refuse(uuid);
  return written.toString('latin1', 0, shortTimeLength + shortIdLength);
}

/** Whether the text is a UUID in lower case, and so was written. */
function writeId(at: number, uuid: string): boolean {
  let invalid = uuid.length === 36 && dashPlaces.every((place) => codeAt(uuid, place) === dash) ? 0 : -1;
  for (let nth = 0, character = at; nth < 32; nth += 3) {
    const high = digitAt(uuid, nth);
    const middle = digitAt(uuid, nth + 1);
    const low = nth + 2 < 32 ? digitAt(uuid, nth + 2) : 0;
    invalid |= high | middle | low;
    written[character++] = codes[(high << 2) | (middle >> 2)] ?? 0;
    written[character++] = codes[((middle & 3) << 4) | low] ?? 0;
  }
  return invalid >= 0;
}

function writeTime(at: number, milliseconds: number): void {
  let rest = Math.max(0, milliseconds);
  for (let place = at + shortTimeLength - 1; place >= at; place -= 1) {
    const upper = Math.floor(rest / 64);
    written[place] = codes[rest - upper * 64] ?? 0;
    rest = upper;
  }
}

function refuse(text: string): never {
  throw new Error(`"${text}" is no UUID in lower case`);
}

function digitAt(uuid: string, nth: number): number {
  return digitValues[codeAt(uuid, digitPlaces[nth] ?? 0)] ?? -1;
}

/** The UUID of a short id. Throws on a text that is none. */
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
