import { codeAt } from './code-at.js';

/** Where in a UUID's text each of its bytes begins. */
const bytePlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const hexDigits = Buffer.from('0123456789abcdef', 'latin1');
/** Filled anew by each call, and made a string at once: a text that is put together piece by piece leaves garbage for each piece. */
const written = Buffer.alloc(36, '-', 'latin1');

/** Writes the 16 bytes of a UUID, in either case, to the beginning of a buffer. */
export function writeUuidBytes(uuid: string, to: Buffer): void {
  for (let nth = 0; nth < 16; nth += 1) {
    const at = bytePlaces[nth] ?? 0;
    to[nth] = (digitAt(uuid, at) << 4) | digitAt(uuid, at + 1);
  }
}

/** A UUID of 16 bytes as text, in lower case. */
export function uuidText(bytes: Buffer, start: number): string {
  for (let nth = 0; nth < 16; nth += 1) {
    const byte = bytes[start + nth] ?? 0;
    const at = bytePlaces[nth] ?? 0;
    written[at] = hexDigits[byte >> 4] ?? 0;
    written[at + 1] = hexDigits[byte & 15] ?? 0;
  }
  return written.toString('latin1', 0, 36);
}

function digitAt(text: string, at: number): number {
  const code = codeAt(text, at);
  // '0' to '9', then 'a' to 'f' in either case.
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
}
