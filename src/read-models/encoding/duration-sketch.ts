import { base36, fromBase36 } from './base36.js';

/**
 * A distribution of durations. Partitions count separately, and their sketches can be merged. It is
 * a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
 * relative-error guarantees", VLDB 2019). A duration is counted in the bucket of its logarithm. A
 * quantile is the middle of its bucket, so its error is at most 1 %. Count and sum are exact.
 */
export interface DurationSketch {
  count: number;
  sumMs: number;
  /**
   * The number of durations per bucket; undefined if there are none, as in most sketches. Bucket 0
   * holds those below one millisecond.
   */
  buckets: Map<number, number> | undefined;
  /** The encoded form, until the next change. Most steps do not change it. */
  encoded: string | undefined;
}

const relativeError = 0.01;
const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);

export function emptySketch(): DurationSketch {
  return { count: 0, sumMs: 0, buckets: undefined, encoded: undefined };
}

/**
 * Adds a duration. A negative one, from an occurred_at before that of the order, counts as zero.
 */
export function addDuration(sketch: DurationSketch, durationMs: number): void {
  const duration = Math.max(0, durationMs);
  const bucket = duration < 1 ? 0 : Math.ceil(Math.log(duration) / logGamma) + 1;
  sketch.count += 1;
  sketch.sumMs += duration;
  sketch.encoded = undefined;
  addTo(sketch, bucket, 1);
}

export function mergeSketch(into: DurationSketch, other: DurationSketch): void {
  into.count += other.count;
  into.sumMs += other.sumMs;
  into.encoded = undefined;
  for (const [bucket, count] of other.buckets ?? []) addTo(into, bucket, count);
}

function addTo(sketch: DurationSketch, bucket: number, durations: number): void {
  sketch.buckets ??= new Map();
  sketch.buckets.set(bucket, (sketch.buckets.get(bucket) ?? 0) + durations);
}

/** The q-quantile (0 to 1) in milliseconds; null if the sketch is empty. */
export function quantileMs(sketch: DurationSketch, q: number): number | null {
  if (sketch.count === 0) return null;
  const rank = q * (sketch.count - 1);
  let counted = 0;
  const sorted = [...(sketch.buckets ?? [])].sort(([a], [b]) => a - b);
  for (const [bucket, count] of sorted) {
    counted += count;
    if (counted > rank) return bucketMiddleMs(bucket);
  }
  return bucketMiddleMs(sorted.at(-1)?.[0] ?? 0);
}

function bucketMiddleMs(bucket: number): number {
  return bucket === 0 ? 0 : (2 * gamma ** (bucket - 1)) / (gamma + 1);
}

/**
 * The compact form, in base 36: the sum, then each bucket as its distance from the one before it,
 * with its count if that is above 1. For example "a8c,2f,1:3": 1 duration in bucket 87, and 3 in
 * bucket 88.
 */
export function encodeSketch(sketch: DurationSketch): string {
  sketch.encoded ??= encoded(sketch);
  return sketch.encoded;
}

function encoded({ sumMs, buckets }: DurationSketch): string {
  let text = base36(sumMs);
  let previous = 0;
  for (const [bucket, count] of [...(buckets ?? [])].sort(([a], [b]) => a - b)) {
    text += `,${base36(bucket - previous)}`;
    if (count !== 1) text += `:${base36(count)}`;
    previous = bucket;
  }
  return text;
}

export function decodeSketch(text: string): DurationSketch {
  const [sum = '', ...entries] = text.split(',');
  const buckets = new Map<number, number>();
  let count = 0;
  let bucket = 0;
  for (const entry of entries) {
    const colon = entry.indexOf(':');
    const ofBucket = colon === -1 ? 1 : fromBase36(entry.slice(colon + 1));
    bucket += fromBase36(entry);
    buckets.set(bucket, ofBucket);
    count += ofBucket;
  }
  return { count, sumMs: fromBase36(sum), buckets, encoded: text };
}
