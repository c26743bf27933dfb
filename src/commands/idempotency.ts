import { hash } from 'node:crypto';
import type { RecordedEvent } from '../orders/events.js';

/**
 * SHA-256, hex, of a command as it was asked for: tells a repeated command from another one under the same key.
 * Object keys are sorted, so that the order in which a client writes its fields makes no difference.
 */
export function commandHash(command: unknown): string {
  return hash('sha256', JSON.stringify(areKeysSorted(command) ? command : sortKeys(command)), 'hex');
}

/**
 * The hash as events carry it: its first 128 bits in base64url. Enough to tell commands under one key apart, and every event
 * keeps it for ever. The oldest events carry all of it, in hex.
 */
export function storedHash(hash: string): string {
  return Buffer.from(hash.slice(0, 32), 'hex').toString('base64url');
}

/** Whether an event's `command_hash` is that of a command. @param hash as commandHash gives it. */
export function isHashOf(stored: string | undefined, hash: string): boolean {
  return stored === storedHash(hash) || stored === hash;
}

/** Whether there is nothing to sort, as in most commands: looking is cheaper than making everything anew. */
function areKeysSorted(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(areKeysSorted);
  const fields = value as Record<string, unknown>;
  let before = '';
  for (const name in fields) {
    if (name < before || !areKeysSorted(fields[name])) return false;
    before = name;
  }
  return true;
}

function sortKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(fields)
      .sort()
      .map((name) => [name, sortKeys(fields[name])]),
  );
}

/** The event in the stream that this caller's command under this key led to, if it was handled before. */
export function handledBefore(
  stream: readonly RecordedEvent[],
  actor: string,
  idempotencyKey: string,
): RecordedEvent | undefined {
  return stream.findLast(({ metadata }) => metadata.idempotency_key === idempotencyKey && metadata.actor === actor);
}
