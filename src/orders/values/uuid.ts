import { codeAt } from './code-at.js';

/** The index in a UUID's text at which each of its bytes begins. */
const byteIndexes = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const hexDigits = Buffer.from('0123456789abcdef', 'latin1');
/**
 * Overwritten by each call and turned into a string in one step: concatenating its parts would
 * leave garbage for each of them.
 */
const buffer = Buffer.alloc(36, '-', 'latin1');

/** A UUID as text, in either case, with its dashes or without. */
export const uuidPattern = '^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})$';
const uuidForm = new RegExp(uuidPattern);

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuidForm.test(text);
}

/** Returns a UUID in its usual form: with dashes, in lower case. */
export function canonicalUuid(uuid: string): string {
  const text = uuid.toLowerCase();
  return text.length === 36 ? text : text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Writes the 16 bytes of a UUID with dashes, in upper or lower case, to the start of a buffer. */
export function writeUuidBytes(uuid: string, to: Buffer): void {
  for (let nth = 0; nth < 16; nth += 1) {
    const at = byteIndexes[nth] ?? 0;
    to[nth] = (digitAt(uuid, at) << 4) | digitAt(uuid, at + 1);
  }
}

/** Formats the 16 bytes of a UUID as text, in lower case. */
export function uuidText(bytes: Buffer, start: number): string {
  for (let nth = 0; nth < 16; nth += 1) {
    const byte = bytes[start + nth] ?? 0;
    const at = byteIndexes[nth] ?? 0;
    buffer[at] = hexDigits[byte >> 4] ?? 0;
    buffer[at + 1] = hexDigits[byte & 15] ?? 0;
  }
  return buffer.toString('latin1', 0, 36);
}

function digitAt(text: string, at: number): number {
  const code = codeAt(text, at);
  // '0' to '9', otherwise 'a' to 'f' in upper or lower case.
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
}
