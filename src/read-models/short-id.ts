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

/** The 22 characters of a UUID in lower case. Throws on anything else. */
export function shortId(uuid: string): string {
  let invalid = uuid.length === 36 ? 0 : -1;
  // Filled and made a string at once: text put together piece by piece would cost the garbage collector more than it takes.
  for (let at = 0, character = 0; at < 32; at += 3) {
    const [high, middle, low] = [digitAt(uuid, at), digitAt(uuid, at + 1), at + 2 < 32 ? digitAt(uuid, at + 2) : 0];
    invalid |= high | middle | low;
    characters[character++] = codes[(high << 2) | (middle >> 2)] ?? 0;
    characters[character++] = codes[((middle & 3) << 4) | low] ?? 0;
  }
  if (invalid < 0) throw new Error(`"${uuid}" is no UUID in lower case`);
  return String.fromCharCode.apply(undefined, characters);
}

const characters: number[] = new Array(shortIdLength).fill(0);

function digitAt(uuid: string, nth: number): number {
  return digitValues[uuid.charCodeAt(digitPlaces[nth] ?? 0)] ?? -1;
}

/** The UUID of a short id. Throws on a text that is none. */
export function longId(short: string): string {
  if (short.length !== shortIdLength) throw new Error(`"${short}" is no short id`);
  let digits = '';
  for (let at = 0; at < short.length; at += 2) {
    const [high, low] = [characterValues[short.charCodeAt(at)] ?? -1, characterValues[short.charCodeAt(at + 1)] ?? -1];
    if (high < 0 || low < 0) throw new Error(`"${short}" is no short id`);
    digits += ((high << 6) | low).toString(16).padStart(3, '0');
  }
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20, 32)}`;
}

/** The 8 characters of a time in milliseconds since 1970; times before are that of 1970. */
export function shortTime(milliseconds: number): string {
  let rest = Math.max(0, milliseconds);
  const time: number[] = new Array(8).fill(0);
  for (let nth = 7; nth >= 0; nth -= 1) {
    time[nth] = codes[rest % 64] ?? 0;
    rest = Math.floor(rest / 64);
  }
  return String.fromCharCode(...time);
}
