import { localDate } from '../format/time.js';

export type Interval = 'hour' | 'day' | 'week' | 'month';
export type RangeName = '24h' | '7d' | '30d' | '12m' | 'all' | 'custom';

/** The part of time that the overview shows, as the address of the page holds it. */
export interface Range {
  readonly name: RangeName;
  readonly interval: Interval;
  /** As the API takes them: times on a quarter of an hour, or dates. Undefined: without an end. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export const rangeNames: readonly (readonly [RangeName, string])[] = [
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['12m', '12 months'],
  ['all', 'All time'],
];

export const intervalNames: readonly (readonly [Interval, string])[] = [
  ['hour', 'Hour'],
  ['day', 'Day'],
  ['week', 'Week'],
  ['month', 'Month'],
];

const dayMs = 86_400_000;
const quarterMs = 900_000;
const defaultIntervals: Readonly<Record<RangeName, Interval>> = {
  '24h': 'hour',
  '7d': 'day',
  '30d': 'day',
  '12m': 'week',
  all: 'month',
  custom: 'day',
};

/** The range in the query of the page; the last 30 days by default. */
export function rangeOf(query: URLSearchParams, nowMs: number, timeZone: string): Range {
  const given = query.get('range');
  const name = (['24h', '7d', '30d', '12m', 'all', 'custom'] as const).find((one) => one === given) ?? '30d';
  const interval = intervalNames.find(([one]) => one === query.get('interval'))?.[0] ?? defaultIntervals[name];
  const date = (daysAgo: number) => localDate(nowMs - daysAgo * dayMs, timeZone);
  switch (name) {
    case '24h':
      return { name, interval, from: quarter(nowMs - dayMs, 'hour'), to: undefined };
    case '7d':
      return { name, interval, from: date(6), to: undefined };
    case '30d':
      return { name, interval, from: date(29), to: undefined };
    case '12m':
      return { name, interval, from: date(364), to: undefined };
    case 'all':
      return { name, interval, from: undefined, to: undefined };
    case 'custom':
      return { name, interval, from: query.get('from') ?? undefined, to: query.get('to') ?? undefined };
  }
}

/** The query of a range that the user has dragged over a chart, in seconds since 1970. */
export function zoomed(fromSeconds: number, toSeconds: number): Readonly<Record<string, string>> {
  const days = (toSeconds - fromSeconds) / 86_400;
  const interval: Interval = days <= 3 ? 'hour' : days <= 92 ? 'day' : days <= 730 ? 'week' : 'month';
  return {
    range: 'custom',
    interval,
    from: quarter(fromSeconds * 1000),
    to: new Date(Math.ceil((toSeconds * 1000) / quarterMs) * quarterMs).toISOString(),
  };
}

/** The quarter of an hour, or the hour, in which a time lies. */
function quarter(ms: number, unit: 'quarter' | 'hour' = 'quarter'): string {
  const size = unit === 'hour' ? 4 * quarterMs : quarterMs;
  return new Date(Math.floor(ms / size) * size).toISOString();
}
