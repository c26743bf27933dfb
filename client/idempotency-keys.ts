/**
 * A new Idempotency-Key: 128 random bits in hexadecimal. It does not use `crypto.randomUUID`, which
 * browsers offer only to pages that came by TLS or from the same machine.
 */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
