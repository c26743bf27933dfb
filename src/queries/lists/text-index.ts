import { orderLookupKeys, type TextKind, textPrefix } from '../../read-models/order-lookup.js';
import type { GenerationReader } from '../generation-reader.js';
import { newestMembers, rangeOf } from './newest-members.js';

/**
 * Reads the newest orders with a text of one kind, between two bounds. Async, so that a partition
 * that is being filled rejects it.
 * @param lookup reads a generation of order-lookup.
 */
export async function membersWithText(
  lookup: GenerationReader,
  partitions: number,
  { kind, text }: { readonly kind: TextKind; readonly text: string },
  { first, end }: { readonly first: string; readonly end: string | undefined },
  count: number,
): Promise<string[]> {
  const prefix = textPrefix(text, kind);
  const rangesOf = (partition: number) => [
    rangeOf(orderLookupKeys(lookup.keys(partition)).texts(text), prefix, first, end),
  ];
  return newestMembers(lookup, partitions, rangesOf, count);
}
