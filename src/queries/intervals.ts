import type { TimeZone } from '../orders/values/time-zone.js';
import { dayMs, hourMs } from '../read-models/metrics.js';

export const intervals = ['hour', 'day', 'week', 'month'] as const;
export type Interval = (typeof intervals)[number];

/**
 * Returns the start of the calendar interval of a zone that holds a time. A week begins on Monday
 * (ISO 8601). If clocks skip midnight, the day begins with the change.
 */
export function intervalStart(ms: number, interval: Interval, zone: TimeZone): number {
  const local = ms + zone.offset(ms);
  if (interval === 'hour') {
    const start = ms - modulo(local, hourMs);
    // Clocks that change by half an hour may skip the start of an hour: it begins with the change.
    return zone.offset(start) === zone.offset(ms) ? start : Math.max(start, zone.toUtc(local - modulo(local, hourMs)));
  }
  return zone.toUtc(localStart(local, interval));
}

/**
 * Returns the end of the interval that begins at `start`, which is the start of the next one. Days
 * on which clocks change are shorter or longer, in most zones by an hour.
 */
export function intervalEnd(start: number, interval: Interval, zone: TimeZone): number {
  const local = start + zone.offset(start);
  if (interval === 'hour') return start + hourMs - modulo(local, hourMs);
  return zone.toUtc(localEnd(localStart(local, interval), interval));
}

/** The start of an interval in local time. */
function localStart(local: number, interval: Exclude<Interval, 'hour'>): number {
  const day = Math.floor(local / dayMs);
  switch (interval) {
    case 'day':
      return day * dayMs;
    case 'week':
      // 1 January 1970 was a Thursday, the fourth day of its week.
      return (day - modulo(day + 3, 7)) * dayMs;
    case 'month': {
      const date = new Date(local);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    }
  }
}

function localEnd(local: number, interval: Exclude<Interval, 'hour'>): number {
  switch (interval) {
    case 'day':
      return local + dayMs;
    case 'week':
      return local + 7 * dayMs;
    case 'month': {
      const date = new Date(local);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    }
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
