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
