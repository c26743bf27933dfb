import type { TimeZone } from '../orders/values/time-zone.js';
import { dayMs, hourMs } from '../read-models/figure-fields.js';

export const intervals = ['hour', 'day', 'week', 'month'] as const;
export type Interval = (typeof intervals)[number];

/**
 * Returns the start of the calendar interval of a zone that holds a time: the time lies at or after
 * it and before its `intervalEnd`. A week begins on Monday (ISO 8601). If clocks skip midnight, the
 * day begins with the change; if midnight occurs twice, with the first one.
 */
export function intervalStart(ms: number, interval: Interval, zone: TimeZone): number {
  if (interval === 'hour') return hourStart(ms, zone);
  let local = localStart(ms + zone.offset(ms), interval);
  let start = zone.toUtc(local);
  // Clocks that skip more than midnight: the interval before lasts until midnight would have been.
  while (start > ms) {
    local = localStart(local - 1, interval);
    start = zone.toUtc(local);
  }
  // Clocks that go back over midnight: the interval that has begun continues.
  for (;;) {
    const end = intervalEnd(start, interval, zone);
    if (end > ms || end <= start) return start;
    start = end;
  }
}

function hourStart(ms: number, zone: TimeZone): number {
  const start = localHour(ms, zone);
  if (zone.offset(start) === zone.offset(ms)) return start;
  // Clocks changed since: the hour before the change comes to its end first.
  const last = localHour(firstAfterChange(start, ms, zone) - 1, zone);
  return ms < last + hourMs ? last : last + hourMs;
}

/** The start of the hour that holds a time, as if clocks had not changed in it. */
function localHour(ms: number, zone: TimeZone): number {
  return ms - modulo(ms + zone.offset(ms), hourMs);
}

/** The first time that has the offset of `to`; the offset of `from` is another one. */
function firstAfterChange(from: number, to: number, zone: TimeZone): number {
  let [before, after] = [from, to];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (zone.offset(middle) === zone.offset(to)) after = middle;
    else before = middle;
  }
  return after;
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
