import { orderStatuses, paymentStatuses } from '../api/types.js';
import { isTimeZone } from '../format/time.js';
import { intervalNames, rangeNames } from '../overview/range.js';
import type { Place } from './route.js';

/** The parameters in the address of a page, each with whether the page can use a value. */
type Parameters = Readonly<Record<string, (value: string) => boolean>>;

const isAny = () => true;
const isOneOf = (values: readonly string[]) => (value: string) => values.includes(value);
const isCurrency = (value: string) => /^[A-Z]{3}$/.test(value);
const isWhole = (value: string) => /^\d{1,15}$/.test(value);
const isTime = (value: string) => !Number.isNaN(Date.parse(value));

/** Whether a text is a date such as 2026-11-30. JavaScript takes 30 February for 2 March. */
export function isDate(value: string): boolean {
  const time = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(`${value}T`);
}

function parametersOf({ path: [page, id], query }: Place): Parameters {
  switch (page) {
    case undefined:
    case 'overview':
      return {
        range: isOneOf(['custom', ...rangeNames.map(([name]) => name)]),
        interval: isOneOf(intervalNames.map(([name]) => name)),
        zone: isTimeZone,
        currency: isCurrency,
        by: isOneOf(['placed', 'event']),
        ...(query.get('range') === 'custom' ? { from: isTime, to: isTime } : {}),
      };
    case 'orders':
      if (id !== undefined) return { version: (value) => isWhole(value) && Number(value) >= 1 };
      // A look-up has no filters.
      if (query.get('q')) return { q: isAny };
      return {
        q: isAny,
        status: isOneOf(orderStatuses),
        payment: isOneOf(paymentStatuses),
        user: isAny,
        reference: isAny,
        currency: isCurrency,
        hold: isOneOf(['yes']),
        from: isDate,
        to: isDate,
      };
    case 'log':
      if (query.get('stream')) return { stream: isAny, after: isWhole };
      if (isTime(query.get('at') ?? '')) return { partition: isWhole, at: isAny };
      return { partition: isWhole, after: isWhole };
    default:
      return {};
  }
}

/**
 * The parameters of an address that its page does not know, or whose values it cannot use: whatever
 * the page shows, it shows without them. A parameter that is given twice is one of them.
 */
export function unknownParameters(place: Place): readonly (readonly [name: string, value: string])[] {
  const known = parametersOf(place);
  const { query } = place;
  return [...query].filter(([name, value]) => {
    if (value === '') return false;
    const isKnown = Object.hasOwn(known, name) ? known[name] : undefined;
    return !isKnown?.(value) || query.getAll(name).length > 1;
  });
}
