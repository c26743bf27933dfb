import type { Interval } from './range.js';

const styles: Readonly<Record<Interval, Intl.DateTimeFormatOptions>> = {
  hour: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  week: { day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
};
const formats = new Map<string, Intl.DateTimeFormat>();

/** The name of an interval that begins at a time: "Mon, 30 Nov 2026", "November 2026". */
export function bucketName(ms: number, interval: Interval, timeZone: string): string {
  const key = `${interval} ${timeZone}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...styles[interval], timeZone });
  formats.set(key, format);
  return interval === 'week' ? `Week of ${format.format(ms)}` : format.format(ms);
}
