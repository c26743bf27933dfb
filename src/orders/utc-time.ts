const endOf9999Ms = Date.UTC(10_000, 0, 1);
const dayMs = 86_400_000;
const digits2 = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const digits3 = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'));
/** The dates of the days that there were, "2026-01-31T" by number: most events are of few days, and Date takes as long as a hash. */
const dates = new Map<number, string>();
const maxDates = 10_000;

/**
 * Milliseconds since 1970 as RFC 3339, UTC, with milliseconds: what `Date.toISOString` writes. Times that no event of the
 * service has (before 1970, infinity, years of five digits) are told as such.
 */
export function utcTime(ms: number): string {
  if (!(ms >= 0 && ms < endOf9999Ms)) return `${ms} ms since 1970`;
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
