import { placedPart } from '../../read-models/order-status.js';
import type { GenerationReader, MemberRange } from '../generation-reader.js';

/**
 * Reads the newest members of the indexes of all partitions, without those parts of a member that
 * come before the time: newest first, each once.
 * @param ranges for each partition, the ranges that together hold all orders of a list.
 */
export async function newestMembers(
  generation: GenerationReader,
  ranges: readonly (readonly MemberRange[])[],
  count: number,
): Promise<string[]> {
  const share = likelyShare(count, ranges.length);
  const read = async (some: readonly (readonly MemberRange[])[], each: number) =>
    (await generation.newestMembers(some, each)).map((list) => list.map(placedPart));
  const lists = await read(ranges, share);
  const newest = () => lists.flat().sort(descending).slice(0, count);
  const members = newest();
  // A list that was cut off within the page may hold more members of the page.
  const last = members[count - 1] ?? '';
  const mayContinue = (list: string[]) => list.length === share && (list.at(-1) ?? '') > last;
  const unfinished = [...lists.keys()].filter((partition) => share < count && mayContinue(lists[partition] ?? []));
  if (unfinished.length === 0) return members;
  const whole = await read(
    unfinished.map((partition) => ranges[partition] ?? []),
    count,
  );
  for (const [index, partition] of unfinished.entries()) lists[partition] = whole[index] ?? [];
  return newest();
}

/** Bounds of the members that begin with a prefix, and lie between two parts behind it. */
export function rangeOf(key: string, prefix: string, first: string, end: string | undefined): MemberRange {
  const from = prefix + first;
  // No member has a character beyond ASCII behind its prefix.
  const to = end === undefined ? `${prefix}\x7f` : prefix + end;
  return { key, from: from === '' ? '-' : `[${from}`, to: `(${to}` };
}

function descending(a: string, b: string): number {
  return a < b ? 1 : a > b ? -1 : 0;
}

/**
 * Returns a number of orders that one partition's part of a page rarely exceeds. A hash spreads the
 * orders over the partitions (Poisson): three standard deviations above the mean suffice, with two
 * more for small numbers.
 */
function likelyShare(count: number, partitions: number): number {
  const mean = count / partitions;
  return Math.min(count, Math.ceil(mean + 3 * Math.sqrt(mean)) + 2);
}
