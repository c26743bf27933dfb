import { projectorLimits as limits } from '../limits.js';

/**
 * Delays steps while the process is busy, so that they become fewer and larger. A step costs mostly
 * the same for few events as for many.
 */
export interface Linger {
  /** Whether the process is so busy that the delay is worth it. */
  readonly isBusy: () => boolean;
  /** The delay, if no request waits for the step. */
  readonly lingerMs: number;
}

/** Measures the event loop of this process at intervals. */
export function createLinger(): Linger {
  let lastMeasurement = performance.eventLoopUtilization();
  let measuredAtMs = performance.now();
  /** The share of time in which the event loop was active, from 0 to 1. */
  let utilization = 0;
  return {
    lingerMs: limits.lingerMs,
    isBusy() {
      const nowMs = performance.now();
      if (nowMs - measuredAtMs >= limits.utilizationIntervalMs) {
        const now = performance.eventLoopUtilization();
        ({ utilization } = performance.eventLoopUtilization(now, lastMeasurement));
        lastMeasurement = now;
        measuredAtMs = nowMs;
      }
      return utilization >= limits.busyUtilization;
    },
  };
}
