const dayMs = 86_400_000;
/** Days of which a zone remembers the offset, enough for 27 years. A full map is emptied. */
const maxDays = 10_000;

/** A local time as UTC. `ambiguous`: clocks went back, so the time occurred twice. */
export interface ZonedTime {
  readonly ms: number;
  readonly ambiguous: boolean;
}

/** An IANA time zone. Times are in milliseconds since 1970; local ones as if they were UTC. */
export interface TimeZone {
  /** The local time less UTC, in milliseconds. */
  offset(utcMs: number): number;
  /**
   * Converts a local time. Returns undefined for a time that clocks skipped, and the earlier time
   * for one that occurred twice.
   */
  zonedTime(localMs: number): ZonedTime | undefined;
  /** The same, but a time that clocks skipped counts by the offset before the change. */
  toUtc(localMs: number): number;
}

/** Throws RangeError for an unknown zone. */
export function timeZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: name,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const exactOffset = (utcMs: number): number => {
    const parts = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return local - Math.floor(utcMs / 1_000) * 1_000;
  };
  /** The offset of each day of UTC that has only one. NaN for a day on which clocks changed. */
  const days = new Map<number, number>();
  const offset = (utcMs: number): number => {
    const day = Math.floor(utcMs / dayMs);
    let known = days.get(day);
    if (known === undefined) {
      const first = exactOffset(day * dayMs);
      known = first === exactOffset((day + 1) * dayMs) ? first : Number.NaN;
      if (days.size >= maxDays) days.clear();
      days.set(day, known);
    }
    return Number.isNaN(known) ? exactOffset(utcMs) : known;
  };
  // The offsets of a day before and a day after are those on both sides of any change.
  const before = (localMs: number) => localMs - offset(localMs - dayMs);
  const zonedTime = (localMs: number): ZonedTime | undefined => {
    const both = [before(localMs), localMs - offset(localMs + dayMs)];
    const valid = [...new Set(both)].filter((ms) => ms + offset(ms) === localMs);
    const [first] = valid;
    return first === undefined ? undefined : { ms: Math.min(...valid), ambiguous: valid.length > 1 };
  };
  return { offset, zonedTime, toUtc: (localMs) => zonedTime(localMs)?.ms ?? before(localMs) };
}

/** Whether there is an IANA time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    // A name such as +05:30 is no zone of IANA, although some versions of Node know it.
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
