import { orderLimits } from '../../orders/limits.js';

const pattern = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * An RFC 3339 time in milliseconds since 1970, or undefined where the text is none, names a day that does not exist, or
 * lies outside the years that orders may have. Fractions beyond milliseconds are cut off.
 */
export function parseRfc3339(text: string): number | undefined {
  // A time is looked at by the schema, and then read.
  if (text !== lastRead.text) lastRead = { text, ms: parse(text) };
  return lastRead.ms;
}

let lastRead: { readonly text: string; readonly ms: number | undefined } = { text: '', ms: undefined };

function parse(text: string): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = ''] = match;
  const local = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second, +`0${fraction}000`.slice(2, 5));
  const date = new Date(local);
  // Date rolls 31 February over into March; a calendar day that does not come back is none. (A leap second, :60, is refused too.)
  const same =
    date.getUTCMonth() === +month - 1 &&
    date.getUTCDate() === +day &&
    date.getUTCHours() === +hour &&
    date.getUTCMinutes() === +minute &&
    date.getUTCSeconds() === +second;
  if (!same || +year < orderLimits.minOccurredAtYear || +year > orderLimits.maxOccurredAtYear) return undefined;
  const ms = local - offsetMs(zone);
  return ms < 0 ? undefined : ms;
}

function offsetMs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
