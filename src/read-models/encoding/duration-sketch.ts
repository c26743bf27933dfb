/**
 * A distribution of durations. Partitions count separately, and their sketches can be merged. It is
 * a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
 * relative-error guarantees", VLDB 2019). A duration is counted in the bucket of its logarithm. A
 * quantile is the middle of its bucket, so its error is at most 1 %. Count and sum are exact.
 */
export interface DurationSketch {
  count: number;
  sumMs: number;
  /** The number of durations per bucket. Bucket 0 holds those below one millisecond. */
  readonly buckets: Map<number, number>;
  /** The encoded form, until the next change. Most steps do not change it. */
  encoded: readonly number[] | undefined;
}

const relativeError = 0.01;
const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);

export function emptySketch(): DurationSketch {
  return { count: 0, sumMs: 0, buckets: new Map(), encoded: undefined };
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
  sketch.buckets.set(bucket, (sketch.buckets.get(bucket) ?? 0) + 1);
}

/** @param sign -1 to subtract durations that `into` has. */
export function mergeSketch(into: DurationSketch, other: DurationSketch, sign: 1 | -1 = 1): void {
  into.count += sign * other.count;
  into.sumMs += sign * other.sumMs;
  into.encoded = undefined;
  for (const [bucket, count] of other.buckets) {
    const sum = (into.buckets.get(bucket) ?? 0) + sign * count;
    if (sum === 0) into.buckets.delete(bucket);
    else into.buckets.set(bucket, sum);
  }
}

/** The q-quantile (0 to 1) in milliseconds; null if the sketch is empty. */
export function quantileMs(sketch: DurationSketch, q: number): number | null {
  if (sketch.count === 0) return null;
  const rank = q * (sketch.count - 1);
  let counted = 0;
  const sorted = [...sketch.buckets].sort(([a], [b]) => a - b);
  for (const [bucket, count] of sorted) {
    counted += count;
    if (counted > rank) return bucketMiddleMs(bucket);
  }
  return bucketMiddleMs(sorted.at(-1)?.[0] ?? 0);
}

function bucketMiddleMs(bucket: number): number {
  return bucket === 0 ? 0 : (2 * gamma ** (bucket - 1)) / (gamma + 1);
}

/** The compact form for JSON: [count, sum, bucket, count, bucket, count, …]. */
export function encodeSketch(sketch: DurationSketch): readonly number[] {
  sketch.encoded ??= [sketch.count, sketch.sumMs, ...[...sketch.buckets].sort(([a], [b]) => a - b).flat()];
  return sketch.encoded;
}

export function decodeSketch([count = 0, sumMs = 0, ...pairs]: readonly number[]): DurationSketch {
  const buckets = new Map<number, number>();
  for (let index = 0; index < pairs.length; index += 2) buckets.set(pairs[index] ?? 0, pairs[index + 1] ?? 0);
  return { count, sumMs, buckets, encoded: undefined };
}
