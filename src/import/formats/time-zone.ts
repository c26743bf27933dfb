const dayMs = 86_400_000;
/** Days of which a zone remembers the offset, enough for 27 years. A full map is emptied. */
const maxDays = 10_000;

/** A local time as UTC. `ambiguous`: clocks went back, so the time occurred twice. */
export interface ZonedTime {
  readonly ms: number;
  readonly ambiguous: boolean;
}

/**
 * Converts local times of an IANA time zone to UTC. Returns undefined for a time that clocks
 * skipped, and the earlier time for one that occurred twice. Throws RangeError for an unknown zone.
 */
export function timeZone(name: string): (localMs: number) => ZonedTime | undefined {
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
  return (localMs) => {
    // The offsets of a day before and a day after are those on both sides of any change.
    const before = localMs - offset(localMs - dayMs);
    const after = localMs - offset(localMs + dayMs);
    const valid = (before === after ? [before] : [before, after]).filter((ms) => ms + offset(ms) === localMs);
    const [first] = valid;
    return first === undefined ? undefined : { ms: Math.min(...valid), ambiguous: valid.length > 1 };
  };
}
