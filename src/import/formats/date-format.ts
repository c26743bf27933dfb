import { calendarMs } from '../../orders/values/calendar.js';
import { parseRfc3339 } from '../../orders/values/rfc3339.js';
import { timeZone, type ZonedTime } from '../../orders/values/time-zone.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { importLimits as limits } from '../limits.js';
import { Refused } from '../refused.js';
import { shortened } from './number-format.js';

/** A time of the file in UTC, RFC 3339. `ambiguous`: the local time occurred twice. */
export interface FileTime {
  readonly utc: string;
  readonly ambiguous: boolean;
}

/** Reads a time of the file. Throws Refused if the text has none of the formats. */
export type ReadTime = (text: string) => FileTime;

/** The name of the standard format among others. */
export const rfc3339Format = 'RFC3339';

type Part = 'year' | 'shortYear' | 'month' | 'day' | 'hour' | 'hour12' | 'minute' | 'second' | 'fraction';
type Value = Part | 'monthName' | 'weekday' | 'half' | 'offset' | 'zone' | 'unixSeconds' | 'unixMilliseconds' | 'skip';

/** The tokens of a format. A token with an exact width has as many digits as letters. */
const tokens: Readonly<Record<string, readonly [value: Value, pattern: string]>> = {
  YYYY: ['year', '\\d{4}'],
  YY: ['shortYear', '\\d{2}'],
  MMMM: ['monthName', '[A-Za-z]{3,9}'],
  MMM: ['monthName', '[A-Za-z]{3}'],
  MM: ['month', '\\d{2}'],
  M: ['month', '\\d{1,2}'],
  DD: ['day', '\\d{2}'],
  D: ['day', '\\d{1,2}'],
  dddd: ['weekday', '[A-Za-z]{6,9}'],
  ddd: ['weekday', '[A-Za-z]{3}'],
  HH: ['hour', '\\d{2}'],
  H: ['hour', '\\d{1,2}'],
  hh: ['hour12', '\\d{2}'],
  h: ['hour12', '\\d{1,2}'],
  mm: ['minute', '\\d{2}'],
  m: ['minute', '\\d{1,2}'],
  ss: ['second', '\\d{2}'],
  s: ['second', '\\d{1,2}'],
  A: ['half', '[AaPp]\\.?[Mm]\\.?'],
  a: ['half', '[AaPp]\\.?[Mm]\\.?'],
  ZZ: ['offset', '[Zz]|[+-](?:[01]\\d|2[0-3])(?::?[0-5]\\d)?'],
  Z: ['offset', '[Zz]|[+-](?:[01]\\d|2[0-3])(?::?[0-5]\\d)?'],
  z: ['zone', '[A-Za-z][A-Za-z0-9_+/-]*'],
  X: ['unixSeconds', '\\d{1,11}(?:\\.\\d+)?'],
  x: ['unixMilliseconds', '\\d{1,14}'],
};

const pieces = /\[([^\]]*)\]|YYYY|YY|M{1,4}|dddd|ddd|DD?|HH?|hh?|mm?|ss?|S{1,9}|A|a|ZZ?|z|X|x|[\s\S]/g;

const monthNames = 'january february march april may june july august september october november december'.split(' ');
const weekdays = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

/** Two-digit years from this one on are of the 20th century: no order is from before 1970. */
const firstShortYear = 70;

/** A table of all tokens, for messages. */
export const dateTokens = 'YYYY YY, MMMM MMM MM M, DD D, dddd ddd, HH H hh h, mm m, ss s, S…, A, Z, z, X x';

interface Format {
  readonly text: string;
  readonly pattern: RegExp;
  /** The group of the pattern that holds each value. */
  readonly groups: ReadonlyMap<Value, number>;
}

/** Parses a format. Throws Error with a message for the user. */
function parseFormat(text: string): Format {
  const fail = (why: string) => new Error(`--date-format "${text}": ${why}`);
  const values: Value[] = [];
  let source = '';
  let openEnded = false;
  for (const { 0: piece, 1: literal, index } of text.matchAll(pieces)) {
    const token =
      piece.startsWith('S') && /^S+$/.test(piece) ? (['fraction', `\\d{${piece.length}}`] as const) : tokens[piece];
    if (literal !== undefined || !token) {
      const plain = literal ?? piece;
      if (literal === undefined && /[A-Za-z]/.test(piece) && piece !== 'T')
        throw fail(
          `"${wordAt(text, index)}" is no token; write fixed text in brackets, as in [at]. The tokens are ${dateTokens}`,
        );
      source += plain.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      openEnded = false;
      continue;
    }
    const [value, pattern] = token;
    if (openEnded && pattern.startsWith('\\d'))
      throw fail(`${piece} needs a separator before it, or exact widths (MM, DD, HH)`);
    if (value !== 'weekday' && values.includes(value)) throw fail(`${piece} is there twice`);
    values.push(value);
    source += `(${pattern})`;
    openEnded = pattern.includes('{1,2}');
  }
  const has = (...any: Value[]) => any.some((value) => values.includes(value));
  if (!has('unixSeconds', 'unixMilliseconds')) {
    if (!has('year', 'shortYear')) throw fail(`it needs YYYY or YY. The tokens are ${dateTokens}`);
    if (!has('month', 'monthName')) throw fail(`it needs MM, M, MMM or MMMM. The tokens are ${dateTokens}`);
    if (!has('day')) throw fail(`it needs DD or D. The tokens are ${dateTokens}`);
  }
  if (has('hour') && has('hour12')) throw fail('it has hours of both clocks');
  if (has('hour12') !== has('half')) throw fail('hh and h need A (AM or PM), and A needs hh or h');
  return { text, pattern: new RegExp(`^${source}$`), groups: new Map(values.map((value, nth) => [value, nth + 1])) };
}

/** Reads the numbers of the day and the month. Undefined if the text is not of the format. */
export type ReadDayAndMonth = (text: string) => readonly [day: number, month: number] | undefined;

/**
 * The reader of the day and month of a format, if they can be mistaken for each other: both are
 * numbers, and the year does not come first. Otherwise undefined.
 */
export function dayAndMonthReader(format: string): ReadDayAndMonth | undefined {
  if (format === rfc3339Format) return undefined;
  const { pattern, groups } = parseFormat(format);
  const [day, month] = [groups.get('day'), groups.get('month')];
  const year = groups.get('year') ?? groups.get('shortYear');
  if (day === undefined || month === undefined || year === undefined || year < Math.min(day, month)) return undefined;
  return (text) => {
    const match = pattern.exec(text);
    return match ? [Number(match[day]), Number(match[month])] : undefined;
  };
}

/** The letters around an index, for a message. */
function wordAt(text: string, index: number): string {
  const before = /[A-Za-z]*$/.exec(text.slice(0, index))?.[0] ?? '';
  return before + (/^[A-Za-z]*/.exec(text.slice(index))?.[0] ?? '');
}

/**
 * Returns a function that reads the times of a file.
 * @param formats tried in this order; none for RFC 3339.
 * @param zone the IANA zone of times without an offset; UTC by default.
 */
export function timeReader(formats: readonly string[], zone: string | undefined): ReadTime {
  const wanted = formats.length === 0 ? [rfc3339Format] : formats;
  const parsed = wanted.map((format) => (format === rfc3339Format ? undefined : parseFormat(format)));
  const inZone = zone === undefined ? undefined : zoneOf(zone, `--time-zone ${zone}`);
  const read = (text: string): FileTime => {
    let reason: string | undefined;
    for (const format of parsed) {
      if (!format) {
        const ms = parseRfc3339(text);
        if (ms !== undefined) return { utc: utcTime(ms), ambiguous: false };
        continue;
      }
      const match = format.pattern.exec(text);
      if (!match) continue;
      const found = timeOf(format, match, inZone);
      if (typeof found !== 'string') return { utc: utcTime(found.ms), ambiguous: found.ambiguous };
      reason = found;
    }
    const why = reason ?? `is not of the format ${wanted.join(' or ')}`;
    throw new Refused(`"${shortened(text)}" ${why}${/: (?:check|write) /.test(why) ? '' : remedy(formats, text)}`);
  };
  /** The last times by their text: rows of one order, and dates without a time, have the same. */
  const known = new Map<string, FileTime>();
  return (text) => {
    let time = known.get(text);
    if (time === undefined) {
      time = read(text);
      if (known.size >= limits.maxKnownTimes) known.clear();
      known.set(text, time);
    }
    return time;
  };
}

function remedy(formats: readonly string[], text: string): string {
  if (/^\d{5}(?:[.,]\d+)?$/.test(text))
    return ': it seems to be a day number of Excel. Format the column as a date before you save it as CSV';
  return formats.length === 0
    ? ' (such as 2026-01-31T12:00:00Z): describe the format of the file with --date-format'
    : ': correct the cell, or name a further format with another --date-format';
}

/** The time of a match, or the reason why there is no such time. */
function timeOf(format: Format, match: RegExpExecArray, inZone: InZone | undefined): ZonedTime | string {
  const text = (value: Value): string | undefined => {
    const group = format.groups.get(value);
    return group === undefined ? undefined : match[group];
  };
  const unix = text('unixSeconds') ?? text('unixMilliseconds');
  if (unix !== undefined) {
    const ms = Math.floor(Number(unix) * (text('unixSeconds') === undefined ? 1 : 1_000));
    return ms < endOf2199Ms ? { ms, ambiguous: false } : 'is after the year 2199';
  }
  const number = (value: Part): number | undefined => {
    const digits = text(value);
    return digits === undefined ? undefined : Number(digits);
  };
  const shortYear = number('shortYear') ?? 0;
  const year = number('year') ?? shortYear + (shortYear < firstShortYear ? 2_000 : 1_900);
  const month = monthOf(text('monthName')) ?? number('month') ?? 0;
  const day = number('day') ?? 0;
  const half = text('half');
  const hour12 = number('hour12');
  if (hour12 !== undefined && (hour12 < 1 || hour12 > 12)) return 'has an hour that a 12-hour clock does not have';
  const hour =
    hour12 === undefined ? (number('hour') ?? 0) : (hour12 % 12) + (half?.toLowerCase().startsWith('p') ? 12 : 0);
  const local = calendarMs(year, month, day, hour, number('minute') ?? 0, number('second') ?? 0);
  if (local === undefined) return `is no time that exists, in the format ${format.text}`;
  const weekday = text('weekday')?.toLowerCase();
  if (weekday !== undefined && !weekdays[new Date(local).getUTCDay()]?.startsWith(weekday))
    return `is not a ${weekday}, in the format ${format.text}`;
  const fraction = Number(`${text('fraction') ?? ''}000`.slice(0, 3));
  const zoned = toUtc(local + fraction, text('offset'), text('zone'), inZone);
  if (typeof zoned === 'string') return zoned;
  if (zoned.ms < 0 || zoned.ms >= endOf2199Ms) return 'is not from 1970 to 2199';
  return zoned;
}

const endOf2199Ms = Date.UTC(2200, 0, 1);

type InZone = (localMs: number) => ZonedTime | undefined;

function toUtc(
  localMs: number,
  offset: string | undefined,
  zone: string | undefined,
  inZone: InZone | undefined,
): ZonedTime | string {
  if (offset !== undefined) return { ms: localMs - offsetMs(offset), ambiguous: false };
  if (zone !== undefined && !/^(utc|gmt|z)$/i.test(zone)) {
    if (!zone.includes('/'))
      return (
        `has the zone "${zone}", which is no IANA name and may mean several: write [${zone}] instead of z in ` +
        '--date-format, and set --time-zone'
      );
    try {
      return zonedTime(localMs, zoneOf(zone, `"${zone}"`));
    } catch (error) {
      return `has a zone that is unknown: ${(error as Error).message}`;
    }
  }
  return inZone && zone === undefined ? zonedTime(localMs, inZone) : { ms: localMs, ambiguous: false };
}

function zonedTime(localMs: number, inZone: InZone): ZonedTime | string {
  return (
    inZone(localMs) ??
    'was skipped when the clocks of its time zone went forward: check --time-zone, or correct the cell'
  );
}

const zones = new Map<string, InZone>();

/** Throws Error with a message for the user if there is no such zone. */
function zoneOf(name: string, shown: string): InZone {
  const known = zones.get(name);
  if (known) return known;
  try {
    const zone = timeZone(name).zonedTime;
    zones.set(name, zone);
    return zone;
  } catch {
    throw new Error(`${shown}: there is no IANA time zone of this name; an example is Europe/Berlin`);
  }
}

function offsetMs(offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const digits = offset.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** The month of a name or of its first three letters. Undefined without one, 0 for other words. */
function monthOf(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const word = name.toLowerCase();
  return monthNames.findIndex((month) => month === word || (word.length === 3 && month.startsWith(word))) + 1;
}
