import { codeAt } from './code-at.js';

const endOf9999Ms = Date.UTC(10_000, 0, 1);
const dayMs = 86_400_000;
/**
 * The text "2026-01-31T" of each recent day, by the number of days since 1970. Most events are of
 * few days, and formatting one with Date costs as much as a hash.
 */
const dates = new Map<number, string>();
/** Entries of `dates`, enough for 27 years. A full map is emptied. */
const maxDates = 10_000;
/**
 * A time is written here and becomes a string in one step: concatenating its parts would leave
 * garbage for each of them.
 */
const buffer = Buffer.from('1970-01-01T00:00:00.000Z', 'latin1');
/** The day whose date is in `buffer`. */
let bufferDay = 0;

/**
 * Formats whole milliseconds since 1970 as RFC 3339, UTC, with milliseconds, like
 * `Date.toISOString`. Throws RangeError for times that no event has: before 1970, after the year
 * 9999, or not a number.
 */
export function utcTime(ms: number): string {
  if (!isUtcTime(ms)) throw new RangeError(`${ms} is no time from 1970 to 9999`);
  const day = Math.floor(ms / dayMs);
  if (day !== bufferDay) writeDate(day);
  const msOfDay = Math.floor(ms) - day * dayMs;
  const seconds = Math.floor(msOfDay / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  writeTwoDigits(11, hours);
  writeTwoDigits(14, minutes - hours * 60);
  writeTwoDigits(17, seconds - minutes * 60);
  const milliseconds = msOfDay - seconds * 1_000;
  const hundreds = Math.floor(milliseconds / 100);
  buffer[20] = 0x30 + hundreds;
  writeTwoDigits(21, milliseconds - hundreds * 100);
  return buffer.toString('latin1', 0, 24);
}

function writeDate(day: number): void {
  let date = dates.get(day);
  if (date === undefined) {
    if (dates.size >= maxDates) dates.clear();
    date = new Date(day * dayMs).toISOString().slice(0, 11);
    dates.set(day, date);
  }
  buffer.write(date, 'latin1');
  bufferDay = day;
}

function writeTwoDigits(at: number, value: number): void {
  const tens = Math.floor(value / 10);
  buffer[at] = 0x30 + tens;
  buffer[at + 1] = 0x30 + value - tens * 10;
}

/** Whether `utcTime` can format the time. */
export function isUtcTime(ms: number): boolean {
  return ms >= 0 && ms < endOf9999Ms;
}

/**
 * Parses a time in the form of `utcTime` to milliseconds since 1970, in a fifth of the time of
 * Date.parse. Any other text goes to Date.parse. Days are counted as in Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms" (days_from_civil).
 */
export function utcMs(text: string): number {
  if (text.length !== 24 || codeAt(text, 23) !== 0x5a) return Date.parse(text);
  const month = digits(text, 5, 2);
  // Years begin in March here, so that a leap day is the last day of its year.
  const year = digits(text, 0, 4) - (month <= 2 ? 1 : 0);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + digits(text, 8, 2) - 1;
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const day = year * 365 + leapDays + dayOfYear - daysUntil1970;
  const seconds = digits(text, 11, 2) * 3_600 + digits(text, 14, 2) * 60 + digits(text, 17, 2);
  return day * dayMs + seconds * 1_000 + digits(text, 20, 3);
}

/** Days from 1 March of the year 0 to 1 January 1970. */
const daysUntil1970 = 719_468;

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at += 1) value = value * 10 + codeAt(text, at) - 0x30;
  return value;
}
