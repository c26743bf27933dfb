import { oldestMember, orderStatusKeys, placedPart } from '../../read-models/order-status.js';
import type { GenerationReader, MemberRange } from '../generation-reader.js';

/** The ranges of a partition that together hold all orders of a list. */
export type RangesOf = (partition: number) => readonly MemberRange[];

/**
 * Reads the newest members of the indexes of all partitions, without those parts of a member that
 * come before the time: newest first, each once.
 */
export async function newestMembers(
  generation: GenerationReader,
  partitions: number,
  rangesOf: RangesOf,
  count: number,
): Promise<string[]> {
  return newestOf(partitions, count, (some, each) => readRanges(generation, some.map(rangesOf), each));
}

/**
 * Reads the newest members of the list of all orders. They are in one small set per partition; only
 * if it ends too early, the partition is read from the ranges.
 */
export async function newestOfAll(
  generation: GenerationReader,
  partitions: number,
  rangesOf: RangesOf,
  first: string,
  end: string | undefined,
  count: number,
): Promise<string[]> {
  return newestOf(partitions, count, async (some, each) => {
    const newest = some.map((partition) => {
      const { newest } = orderStatusKeys(generation.keys(partition));
      // `oldestMember` is in the range whatever the bound is.
      return [rangeOf(newest, '', '', end)];
    });
    const found = await generation.newestMembers(newest, each);
    const endsEarly = (members: readonly string[]) => {
      const last = members.at(-1);
      return last === undefined || (members.length < each && last !== oldestMember && last >= first);
    };
    const rest = some.filter((_, nth) => endsEarly(found[nth] ?? []));
    const read = rest.length === 0 ? [] : await readRanges(generation, rest.map(rangesOf), each);
    const others = new Map(rest.map((partition, nth) => [partition, read[nth] ?? []]));
    return some.map(
      (partition, nth) =>
        others.get(partition) ?? (found[nth] ?? []).filter((member) => member !== oldestMember && member >= first),
    );
  });
}

async function readRanges(
  generation: GenerationReader,
  ranges: readonly (readonly MemberRange[])[],
  each: number,
): Promise<string[][]> {
  return (await generation.newestMembers(ranges, each)).map((list) => list.map(placedPart));
}

/** @param read reads up to `each` of the newest members of some partitions. */
async function newestOf(
  partitions: number,
  count: number,
  read: (partitions: readonly number[], each: number) => Promise<string[][]>,
): Promise<string[]> {
  const share = likelyShare(count, partitions);
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const lists = await read(all, share);
  const newest = () => lists.flat().sort(descending).slice(0, count);
  const members = newest();
  // A list that was cut off within the page may hold more members of the page.
  const last = members[count - 1] ?? '';
  const mayContinue = (list: string[]) => list.length === share && (list.at(-1) ?? '') > last;
  const unfinished = all.filter((partition) => share < count && mayContinue(lists[partition] ?? []));
  if (unfinished.length === 0) return members;
  const whole = await read(unfinished, count);
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
