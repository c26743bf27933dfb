import type { Logger } from 'pino';
import type { Overloaded } from '../../event-log/overloaded.js';
import { httpLimits as limits } from '../limits.js';

/**
 * Logs that requests are rejected as overload. While requests keep being rejected, one line per
 * `overloadLogIntervalMs` gives their number: a line per request would add to the overload.
 */
export function createOverloadLog(log: Logger): (error: Overloaded) => void {
  let rejected = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    rejected += 1;
    if (performance.now() - lastMs < limits.overloadLogIntervalMs) return;
    log.warn({ rejected, reason: message }, 'overloaded: requests get 503');
    rejected = 0;
    lastMs = performance.now();
  };
}
