import { orderLimits } from '../limits.js';
import { calendarMs } from './calendar.js';

/** Hours of an offset go up to 23 and its minutes up to 59, as in RFC 3339, section 5.6. */
const pattern = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

const years = `in the years ${orderLimits.minOccurredAtYear} to ${orderLimits.maxOccurredAtYear}`;

/** The form of times and dates, for messages. */
export const timeForms = {
  time: `an RFC 3339 time ${years}, such as 2026-01-31T12:00:00Z`,
  quarter: `a date, or an RFC 3339 time on a quarter of an hour, ${years}, such as 2026-01-31 or 2026-01-31T12:15:00Z`,
};

/**
 * An RFC 3339 time in milliseconds since 1970. Undefined if the text is not one, if its day does
 * not exist, or if orders may not have its year. Digits beyond milliseconds are dropped.
 */
export function parseRfc3339(text: string): number | undefined {
  // The schema parses a time to validate it; the handler then parses it again.
  if (text !== lastParsed.text) lastParsed = { text, ms: parse(text) };
  return lastParsed.ms;
}

/** Whether a text is a date such as 2026-01-31 that exists. */
export function isLocalDate(text: string): boolean {
  return parse(`${text}T00:00:00Z`) !== undefined;
}

let lastParsed: { readonly text: string; readonly ms: number | undefined } = { text: '', ms: undefined };

function parse(text: string): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = ''] = match;
  if (+year < orderLimits.minOccurredAtYear || +year > orderLimits.maxOccurredAtYear) return undefined;
  const local = calendarMs(+year, +month, +day, +hour, +minute, +second);
  if (local === undefined) return undefined;
  const ms = local + Number(`0${fraction}000`.slice(2, 5)) - offsetMs(zone);
  return ms < 0 ? undefined : ms;
}

function offsetMs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
