/**
 * A distribution of durations that partitions can count apart and add up: DDSketch (Masson, Rim, Lee: "DDSketch: a fast
 * and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019). A duration falls into the bucket of
 * its logarithm; a quantile is the middle of the bucket that it falls into, so it is off by at most 1 %.
 * Count and sum are exact.
 */
export interface DurationSketch {
  count: number;
  sumMs: number;
  /** How many durations lie in each bucket. Bucket 0 holds those under a millisecond. */
  readonly buckets: Map<number, number>;
  /** What `encodeSketch` made of it, as long as nothing was counted in since: most steps count in none. */
  encoded: readonly number[] | undefined;
}

const relativeError = 0.01;
const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);

export function emptySketch(): DurationSketch {
  return { count: 0, sumMs: 0, buckets: new Map(), encoded: undefined };
}

/** Counts a duration in; negative ones (an occurred_at before the order's own) count as zero. */
export function addDuration(sketch: DurationSketch, durationMs: number): void {
  const duration = Math.max(0, durationMs);
  const bucket = duration < 1 ? 0 : Math.ceil(Math.log(duration) / logGamma) + 1;
  sketch.count += 1;
  sketch.sumMs += duration;
  sketch.encoded = undefined;
  sketch.buckets.set(bucket, (sketch.buckets.get(bucket) ?? 0) + 1);
}

export function mergeSketch(into: DurationSketch, other: DurationSketch): void {
  into.count += other.count;
  into.sumMs += other.sumMs;
  into.encoded = undefined;
  for (const [bucket, count] of other.buckets) into.buckets.set(bucket, (into.buckets.get(bucket) ?? 0) + count);
}

/** The q-quantile (0 to 1) in milliseconds, or null where nothing was counted. */
export function quantileMs(sketch: DurationSketch, q: number): number | null {
  if (sketch.count === 0) return null;
  const rank = q * (sketch.count - 1);
  let seen = 0;
  const sorted = [...sketch.buckets].sort(([a], [b]) => a - b);
  for (const [bucket, count] of sorted) {
    seen += count;
    if (seen > rank) return bucketMiddleMs(bucket);
  }
  return bucketMiddleMs(sorted.at(-1)?.[0] ?? 0);
}

function bucketMiddleMs(bucket: number): number {
  return bucket === 0 ? 0 : (2 * gamma ** (bucket - 1)) / (gamma + 1);
}

/** Compact JSON form: [count, sum, bucket, count, bucket, count, …]. */
export function encodeSketch(sketch: DurationSketch): readonly number[] {
  sketch.encoded ??= [sketch.count, sketch.sumMs, ...[...sketch.buckets].sort(([a], [b]) => a - b).flat()];
  return sketch.encoded;
}

export function decodeSketch([count = 0, sumMs = 0, ...pairs]: readonly number[]): DurationSketch {
  const buckets = new Map<number, number>();
  for (let index = 0; index < pairs.length; index += 2) buckets.set(pairs[index] ?? 0, pairs[index + 1] ?? 0);
  return { count, sumMs, buckets, encoded: undefined };
}
