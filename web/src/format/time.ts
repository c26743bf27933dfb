const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const minute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** A time in the zone of the browser: "30 Nov 2026, 10:15:30". */
export function dateTime(text: string): string {
  return full.format(new Date(text));
}

export function dateMinute(text: string): string {
  return minute.format(new Date(text));
}

/** A duration in seconds in its two largest units: "3 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return seconds === 0 ? '0 s' : `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const parts = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const first = parts.findIndex(([size]) => seconds >= size);
  let rest = Math.round(seconds);
  const texts: string[] = [];
  for (const [size, unit] of parts.slice(first, first + 2)) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0) texts.push(`${whole} ${unit}`);
  }
  return texts.join(' ');
}

/** How long ago a time is: "just now", "3 min ago". */
export function ago(text: string, nowMs: number): string {
  const seconds = Math.round((nowMs - Date.parse(text)) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

let zones: readonly string[] | undefined;

/** All IANA time zones that the browser knows, with UTC first. */
export function timeZones(): readonly string[] {
  zones ??= ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  return zones;
}

/** Whether the browser can show times in a zone: an address may come from another browser. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** The local date of a time in a zone, as the API takes it: "2026-11-30". */
export function localDate(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(ms);
}
