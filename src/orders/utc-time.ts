const endOf9999Ms = Date.UTC(10_000, 0, 1);
const dayMs = 86_400_000;
const digits2 = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const digits3 = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'));
/** The dates of the days that there were, "2026-01-31T" by number: most events are of few days, and Date takes as long as a hash. */
const dates = new Map<number, string>();
const maxDates = 10_000;

/**
 * Whole milliseconds since 1970 as RFC 3339, UTC, with milliseconds: what `Date.toISOString` writes. Throws RangeError on what no event
 * of the service has: times before 1970, years of five digits, and what is no number.
 */
export function utcTime(ms: number): string {
  if (!isUtcTime(ms)) throw new RangeError(`${ms} is no time from 1970 to 9999`);
  const day = Math.floor(ms / dayMs);
  let date = dates.get(day);
  if (date === undefined) {
    if (dates.size >= maxDates) dates.clear();
    date = new Date(day * dayMs).toISOString().slice(0, 11);
    dates.set(day, date);
  }
  const rest = ms - day * dayMs;
  const seconds = Math.floor(rest / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${date}${digits2[hours]}:${digits2[minutes % 60]}:${digits2[seconds % 60]}.${digits3[rest % 1_000]}Z`;
}

/** Whether `utcTime` can write it. */
export function isUtcTime(ms: number): boolean {
  return ms >= 0 && ms < endOf9999Ms;
}

/**
 * The milliseconds since 1970 of a time as `utcTime` writes it, in a fifth of the time that Date.parse takes; of any other text what
 * Date.parse says. Days are counted as in Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil).
 */
export function utcMs(text: string): number {
  if (text.length !== 24 || text.charCodeAt(23) !== 0x5a) return Date.parse(text);
  const month = digits(text, 5, 2);
  // Years begin in March, so that the day of a leap year is their last.
  const year = digits(text, 0, 4) - (month <= 2 ? 1 : 0);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + digits(text, 8, 2) - 1;
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const day = year * 365 + leapDays + dayOfYear - daysUntil1970;
  const seconds = digits(text, 11, 2) * 3_600 + digits(text, 14, 2) * 60 + digits(text, 17, 2);
  return day * dayMs + seconds * 1_000 + digits(text, 20, 3);
}

/** From the first of March of the year 0. */
const daysUntil1970 = 719_468;

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at += 1) value = value * 10 + text.charCodeAt(at) - 0x30;
  return value;
}
