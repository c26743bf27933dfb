import { createHash } from 'node:crypto';

/**
 * A cursor names the last order of a page by its place in the list (see placedMember), so the next page begins right
 * after it whatever was placed meanwhile. It carries a checksum over itself and the filters: one that was edited, or that
 * belongs to another query, is refused instead of giving a wrong page.
 */
export function encodeCursor(member: string, filters: unknown): string {
  return Buffer.from(`${checksum(member, filters)}${member}`).toString('base64url');
}

/** The place in the list, or undefined for a cursor that this query did not give out. */
export function decodeCursor(cursor: string, filters: unknown): string | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const member = text.slice(checksumLength);
  if (!/^[-0-9A-Z_a-z]{30}$/.test(member)) return undefined;
  return text.slice(0, checksumLength) === checksum(member, filters) ? member : undefined;
}

const checksumLength = 12;

function checksum(member: string, filters: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([member, filters]))
    .digest('hex')
    .slice(0, checksumLength);
}
