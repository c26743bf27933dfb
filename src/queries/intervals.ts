import { dayMs, hourMs } from '../read-models/metrics.js';

export const intervals = ['hour', 'day', 'week', 'month'] as const;
export type Interval = (typeof intervals)[number];

/**
 * Returns the start of the calendar interval that holds a time. Intervals are in UTC; a week begins
 * on Monday (ISO 8601).
 */
export function intervalStart(ms: number, interval: Interval): number {
  const day = Math.floor(ms / dayMs);
  switch (interval) {
    case 'hour':
      return Math.floor(ms / hourMs) * hourMs;
    case 'day':
      return day * dayMs;
    case 'week':
      // 1 January 1970 was a Thursday, the fourth day of its week.
      return (day - ((day + 3) % 7)) * dayMs;
    case 'month': {
      const date = new Date(ms);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    }
  }
}

/** Returns the end of the interval that begins at `start`, which is the start of the next one. */
export function intervalEnd(start: number, interval: Interval): number {
  switch (interval) {
    case 'hour':
      return start + hourMs;
    case 'day':
      return start + dayMs;
    case 'week':
      return start + 7 * dayMs;
    case 'month': {
      const date = new Date(start);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    }
  }
}
