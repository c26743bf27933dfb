import { createHash } from 'node:crypto';

/**
 * Encodes a cursor. It holds the index member of the last order of a page (see placedMember), so
 * that the next page begins right after that order, whatever was placed in the meantime. Its
 * checksum covers the member and the filters: an edited cursor or one of another query is rejected
 * and cannot select a wrong page.
 */
export function encodeCursor(member: string, filters: unknown): string {
  return Buffer.from(`${checksum(member, filters)}${member}`).toString('base64url');
}

/** Returns the index member, or undefined if this query did not issue the cursor. */
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
