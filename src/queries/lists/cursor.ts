import { createHash } from 'node:crypto';

/**
 * Encodes a cursor. It holds the index member of the last order of a page (see placedMember), so
 * that the next page begins right after that order, whatever was placed in the meantime.
 */
export function encodeCursor(member: string, filters: unknown): string {
  return signedCursor(member, filters);
}

/** Returns the index member, or undefined if this query did not issue the cursor. */
export function decodeCursor(cursor: string, filters: unknown): string | undefined {
  const member = cursorContent(cursor, filters);
  return member !== undefined && /^[-0-9A-Z_a-z]{30}$/.test(member) ? member : undefined;
}

/**
 * Encodes the content of a cursor with a checksum that covers it and the query: an edited cursor or
 * one of another query is rejected and cannot select a wrong page.
 */
export function signedCursor(content: string, query: unknown): string {
  return Buffer.from(checksum(content, query) + content).toString('base64url');
}

/** Returns the content, or undefined if this query did not issue the cursor. */
export function cursorContent(cursor: string, query: unknown): string | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const content = text.slice(checksumLength);
  return text.slice(0, checksumLength) === checksum(content, query) ? content : undefined;
}

const checksumLength = 12;

function checksum(content: string, query: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([content, query]))
    .digest('hex')
    .slice(0, checksumLength);
}
