import { hash } from 'node:crypto';
import { longId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry, textBucket } from './order-buckets.js';
import { memberOrderId } from './order-status.js';
import type { ReadableEntry } from './readable-entry.js';

/** Finds orders by their reference, their payments' references and their tracking numbers. */
export const orderLookup = { name: 'order-lookup', version: 1, readsFrom: 1 } as const;

export function orderLookupKeys(key: PartitionKeys) {
  return {
    /** Sorted set of `textMember`s: the orders with some texts. */
    texts: (text: string) => textsKey(key, textHash(text)),
    /** The same, by the hash of the text. */
    textsOfHash: (hash: string) => textsKey(key, hash),
    /** Hash entry: the texts of an order, see projections/order-lookup.ts. */
    order: (orderId: string) => orderEntry(key, orderId),
  };
}

function textsKey(key: PartitionKeys, hash: string): string {
  return key('texts', textBucket(hash));
}

/** The kinds of texts by which an order is found, each with its letter in members. */
export const textKinds = { reference: 'r', payment_reference: 'p', tracking_number: 't' } as const;
export type TextKind = keyof typeof textKinds;

/** Length of the hash of a text. 72 bits: no second text has the same hash. */
export const textHashLength = 12;

/** A hash takes less memory than most texts, and it has one length, so members sort by time. */
export function textHash(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, textHashLength);
}

/**
 * The beginning of the members of the orders with a text. A `placedMember` follows it, so these
 * members are in the order of placing.
 */
export function textPrefix(text: string, kind: TextKind): string {
  return textHash(text) + textKinds[kind];
}

/** The readable form of an entry, for comparisons. */
export const readableLookupEntry: ReadableEntry = (key, entry, text) =>
  isOrderEntry(key) ? { orderId: longId(entry), text } : { orderId: memberOrderId(entry), text };
