import { hash } from 'node:crypto';
import type { KeyedEvent, OrderState } from './order-state.js';
import { isByActor } from './stored-actor.js';

/**
 * Hashes a command's canonical form with SHA-256, in hex, to distinguish a repeated command from
 * another one with the same key. The canonical form is JSON with sorted object keys, so that the
 * order of a client's fields makes no difference.
 */
export function commandHash(command: unknown): string {
  return hash('sha256', JSON.stringify(areKeysSorted(command) ? command : sortKeys(command)), 'hex');
}

/**
 * Returns the hash in the form that events carry: its first 128 bits in base64url. They suffice to
 * distinguish the commands with one key, and every event stores them for ever. The oldest events
 * carry the whole hash, in hex.
 */
export function storedHash(hash: string): string {
  return Buffer.from(hash.slice(0, 32), 'hex').toString('base64url');
}

/**
 * Whether an event's `command_hash` is that of a command.
 * @param hash the command's hash, as `commandHash` returns it.
 */
export function isHashOf(stored: string | undefined, hash: string): boolean {
  return stored === storedHash(hash) || stored === hash;
}

/** Whether all keys are sorted already, as in most commands: checking is cheaper than copying. */
function areKeysSorted(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(areKeysSorted);
  const fields = value as Record<string, unknown>;
  let previous = '';
  for (const name in fields) {
    if (name < previous || !areKeysSorted(fields[name])) return false;
    previous = name;
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

/** Finds the event that this actor's command with this key produced, if it was handled before. */
export function handledBefore(state: OrderState, actor: string, idempotencyKey: string): KeyedEvent | undefined {
  return state.keys.get(idempotencyKey)?.findLast((event) => isByActor(state, event.actor, actor));
}
