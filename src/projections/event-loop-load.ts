import { projectorLimits as limits } from './limits.js';

/** The share of the last moments in which this process's event loop had something to do, from 0 to 1. */
export function createEventLoopLoad(): () => number {
  let before = performance.eventLoopUtilization();
  let measuredAtMs = performance.now();
  let utilization = 0;
  return () => {
    const nowMs = performance.now();
    if (nowMs - measuredAtMs < limits.loadIntervalMs) return utilization;
    const now = performance.eventLoopUtilization();
    ({ utilization } = performance.eventLoopUtilization(now, before));
    before = now;
    measuredAtMs = nowMs;
    return utilization;
  };
}
