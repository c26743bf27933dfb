import { eventLogLimits as limits } from '../limits.js';
import type { PartitionState } from './read-log-state.js';

/** A head that was read, and when its event was recorded. */
interface Sample {
  readonly position: number;
  /** On the monotonic clock of this process. May be long before the process began. */
  readonly recordedMs: number;
}

/**
 * Remembers when the heads of the log moved, so that a lag in events can be converted to seconds
 * without reading the log. Each reading of the heads adds a sample per partition that moved; ages
 * come from the database's clock, so the clock of this process may be wrong.
 *
 * Of too many samples, the one is dropped that leaves the smallest gap for its age.
 */
export class HeadTimes {
  readonly #samples = new Map<number, Sample[]>();
  readonly #now: () => number;
  #readMs: number | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Adds the heads of a reading that has just ended. */
  observe(states: readonly Pick<PartitionState, 'partition' | 'position' | 'clock_behind_ms'>[]): void {
    const nowMs = this.#now();
    this.#readMs = nowMs;
    for (const { partition, position, clock_behind_ms } of states) {
      const samples = this.#samples.get(partition) ?? [];
      this.#samples.set(partition, samples);
      if (position <= (samples.at(-1)?.position ?? 0)) continue;
      samples.push({ position, recordedMs: nowMs + Math.min(0, clock_behind_ms ?? 0) });
      if (samples.length > limits.maxHeadSamples) dropOne(samples, nowMs);
    }
  }

  /** Milliseconds since the heads were last read; undefined before the first time. */
  get ageMs(): number | undefined {
    return this.#readMs === undefined ? undefined : this.#now() - this.#readMs;
  }

  /**
   * The age of the first event after a checkpoint, at least; 0 if there is none. Events that were
   * appended since the last reading count as 0. Undefined if the partition was never read.
   */
  lagMs(partition: number, checkpoint: number): number | undefined {
    const samples = this.#samples.get(partition);
    if (!samples) return undefined;
    const behind = samples.find(({ position }) => position > checkpoint);
    return behind ? Math.max(0, this.#now() - behind.recordedMs) : 0;
  }
}

/** Drops the sample that leaves the smallest gap, compared with the age of the gap. */
function dropOne(samples: Sample[], nowMs: number): void {
  let least = 1;
  let leastGap = Number.POSITIVE_INFINITY;
  for (let nth = 1; nth < samples.length - 1; nth += 1) {
    const [before, after] = [samples[nth - 1], samples[nth + 1]];
    if (!before || !after) continue;
    const gap = (after.recordedMs - before.recordedMs) / Math.max(1, nowMs - before.recordedMs);
    if (gap >= leastGap) continue;
    leastGap = gap;
    least = nth;
  }
  samples.splice(least, 1);
}
