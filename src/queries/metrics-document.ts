import { count, type FromSchema, list, nullable, object, time } from '../json-schema.js';
import { amountSchema, storedCurrencySchema } from '../orders/order-document.js';
import { type OrderStatus, orderStatuses } from '../orders/totals.js';
import { exponentOf } from '../orders/values/currency.js';
import { formatMinor } from '../orders/values/money.js';
import { type DurationSketch, quantileMs } from '../read-models/encoding/duration-sketch.js';
import type { Figures } from '../read-models/figures.js';
import { ExactNumber, type WithExactNumbers } from './exact-json.js';

const revenueSchema = object({
  gross: { ...amountSchema, description: 'The totals of the orders, as last amended.' },
  cancelled: { ...amountSchema, description: 'The amount that cancellations took off the totals.' },
  refunded: { ...amountSchema, description: 'The amount that refunds took off the totals.' },
  credited: { ...amountSchema, description: 'The amount that credits took off the totals.' },
  net: { ...amountSchema, description: 'gross − cancelled − refunded − credited: what the orders are worth.' },
  paid: { ...amountSchema, description: 'Money that came in.' },
  given_back: { ...amountSchema, description: 'Money that went back to customers.' },
  cash: { ...amountSchema, description: 'paid − given_back.' },
});

/** Seconds; null without any duration. */
const seconds = { type: ['number', 'null'] } as const;
const durationsSchema = object({ count, mean: seconds, p50: seconds, p90: seconds, p99: seconds });

/** Below zero in a series by event if orders were amended to fewer units. */
const units = { type: 'integer' } as const;

/** The figures of one currency as the API shows them. */
export const metricsSchema = object(
  {
    currency: storedCurrencySchema,
    other_currencies: list(storedCurrencySchema),
    total_orders: count,
    by_status: { type: 'object', propertyNames: { enum: orderStatuses }, additionalProperties: count },
    units,
    revenue: revenueSchema,
    average_order_value: nullable({ type: 'number' }),
    processing_time: object({ placed_to_shipped: durationsSchema, placed_to_delivered: durationsSchema }),
    series: list(object({ start: time, orders: count, cancelled_orders: count, units, revenue: revenueSchema })),
  },
  ['series'],
);

/** The figures before they become JSON: sums are exact, with any number of digits. */
export type MetricsDocument = WithExactNumbers<FromSchema<typeof metricsSchema>>;
type SeriesEntry = NonNullable<MetricsDocument['series']>[number];
type Durations = MetricsDocument['processing_time']['placed_to_shipped'];

/** The figures of a bucket that begins at `start`, in milliseconds since 1970. */
export interface BucketFigures {
  readonly start: number;
  readonly figures: Figures;
}

export function metricsDocument(
  currency: string,
  otherCurrencies: readonly string[],
  figures: Figures,
  series: readonly BucketFigures[] | undefined,
): MetricsDocument {
  const exponent = exponentOf(currency);
  return {
    currency,
    other_currencies: otherCurrencies,
    total_orders: figures.orders,
    by_status: byStatus(figures),
    units: figures.units,
    revenue: revenue(figures, exponent),
    average_order_value: averageOrderValue(figures, exponent),
    processing_time: {
      placed_to_shipped: durations(figures.placedToShipped),
      placed_to_delivered: durations(figures.placedToDelivered),
    },
    ...(series ? { series: series.map((bucket) => seriesEntry(bucket, exponent)) } : {}),
  };
}

function revenue(figures: Figures, exponent: number): MetricsDocument['revenue'] {
  const money = (minor: bigint) => new ExactNumber(formatMinor(minor, exponent));
  const { gross, cancelled, refunded, credited, paid, givenBack } = figures;
  return {
    gross: money(gross),
    cancelled: money(cancelled),
    refunded: money(refunded),
    credited: money(credited),
    net: money(gross - cancelled - refunded - credited),
    paid: money(paid),
    given_back: money(givenBack),
    cash: money(paid - givenBack),
  };
}

function seriesEntry({ start, figures }: BucketFigures, exponent: number): SeriesEntry {
  return {
    start: new Date(start).toISOString(),
    orders: figures.orders,
    cancelled_orders: figures.byStatus.get('cancelled') ?? 0,
    units: figures.units,
    revenue: revenue(figures, exponent),
  };
}

/** Counts orders by status. Statuses without orders are left out. */
function byStatus(figures: Figures): MetricsDocument['by_status'] {
  const counts: { [Status in OrderStatus]?: number } = {};
  for (const status of orderStatuses) {
    const orders = figures.byStatus.get(status) ?? 0;
    if (orders > 0) counts[status] = orders;
  }
  return counts;
}

/** Gross revenue per order, rounded half up to the currency's decimals; null without any order. */
function averageOrderValue(figures: Figures, exponent: number): ExactNumber | null {
  if (figures.orders === 0) return null;
  const orders = BigInt(figures.orders);
  return new ExactNumber(formatMinor((figures.gross * 2n + orders) / (orders * 2n), exponent));
}

/** Converts a sketch of durations to seconds, with the precision of milliseconds. */
function durations(sketch: DurationSketch): Durations {
  const seconds = (ms: number | null) => (ms === null ? null : Math.round(ms) / 1000);
  return {
    count: sketch.count,
    mean: sketch.count === 0 ? null : seconds(sketch.sumMs / sketch.count),
    p50: seconds(quantileMs(sketch, 0.5)),
    p90: seconds(quantileMs(sketch, 0.9)),
    p99: seconds(quantileMs(sketch, 0.99)),
  };
}
