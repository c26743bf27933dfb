import { projectorLimits as limits } from '../limits.js';

/** When steps are put off, to become fewer and larger: what a step costs is mostly the same however few events it takes. */
export interface Linger {
  /** Whether the process has so much to do that it pays. */
  readonly isBusy: () => boolean;
  /** For how long, unless somebody waits for the step. */
  readonly lingerMs: number;
}

/** Goes by how busy the event loop of this process was lately. */
export function createLinger(): Linger {
  let before = performance.eventLoopUtilization();
  let measuredAtMs = performance.now();
  /** The share of the time in which the event loop had something to do, from 0 to 1. */
  let utilization = 0;
  return {
    lingerMs: limits.lingerMs,
    isBusy() {
      const nowMs = performance.now();
      if (nowMs - measuredAtMs >= limits.utilizationIntervalMs) {
        const now = performance.eventLoopUtilization();
        ({ utilization } = performance.eventLoopUtilization(now, before));
        before = now;
        measuredAtMs = nowMs;
      }
      return utilization >= limits.busyUtilization;
    },
  };
}
