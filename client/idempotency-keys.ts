/**
 * A new Idempotency-Key: 128 random bits in hexadecimal. Pages that a browser got without TLS from
 * another machine have no `crypto.randomUUID`.
 */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
