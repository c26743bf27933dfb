/** Seconds on either side of a single interval. */
const aroundOne = 43_200;

/**
 * The seconds that an axis of intervals shows: half an interval more on either side, so that the
 * first and the last bar are whole. A single interval gets a day, because its length is not known.
 */
export function timeRange(times: readonly number[]): [number, number] {
  const [first = 0, last = first] = [times[0], times.at(-1)];
  const beside = times.length > 1 ? (last - first) / (times.length - 1) / 2 : aroundOne;
  return [first - beside, last + beside];
}

/**
 * The range to show after a selection on the axis of `timeRange`, which goes beyond the starts of
 * its intervals on both sides. A selection that goes beyond the start of the last interval includes
 * all of that interval; one that ends before the first interval stands for the first. Undefined if
 * there are not several intervals to choose from.
 */
export function selectedRange(times: readonly number[], from: number, to: number): [number, number] | undefined {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  // Months differ in length. With the longest, no part of the last one is left out.
  const length = Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
  const start = Math.min(Math.max(from, first), last);
  if (to > last) return [start, last + length];
  return [start, to > first ? to : first + length];
}
