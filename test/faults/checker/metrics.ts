import { toMajor } from './amounts.js';
import type { Api } from './api.js';
import { type OrderState, statusOf } from './state.js';
import { differences } from './view.js';

interface Figures {
  orders: number;
  units: number;
  byStatus: Record<string, number>;
  gross: bigint;
  cancelled: bigint;
  refunded: bigint;
  credited: bigint;
  paid: bigint;
  givenBack: bigint;
}

export interface Metrics {
  other_currencies: string[];
  total_orders: number;
  by_status: Record<string, number>;
  units: number;
  revenue: Record<string, number>;
}

/** The sums of all orders, for each currency. */
export function figuresOf(states: Iterable<OrderState>): Map<string, Figures> {
  const sums = new Map<string, Figures>();
  for (const state of states) {
    const sum = sums.get(state.currency) ?? noFigures();
    sums.set(state.currency, sum);
    const status = statusOf(state);
    sum.orders += 1;
    sum.units += state.lines.reduce((units, line) => units + line.quantity, 0);
    sum.byStatus[status] = (sum.byStatus[status] ?? 0) + 1;
    sum.gross += state.total;
    sum.cancelled += state.cancelled;
    sum.refunded += state.creditedByRefunds;
    sum.credited += state.credited - state.creditedByRefunds;
    sum.paid += state.paid;
    sum.givenBack += state.refunded;
  }
  return sums;
}

const noFigures = (): Figures => ({
  orders: 0,
  units: 0,
  byStatus: {},
  gross: 0n,
  cancelled: 0n,
  refunded: 0n,
  credited: 0n,
  paid: 0n,
  givenBack: 0n,
});

export function compareMetrics(currency: string, sum: Figures, metrics: Metrics): string[] {
  const money = (minor: bigint) => toMajor(minor, currency);
  const expected = {
    total_orders: sum.orders,
    units: sum.units,
    by_status: sum.byStatus,
    revenue: {
      gross: money(sum.gross),
      cancelled: money(sum.cancelled),
      refunded: money(sum.refunded),
      credited: money(sum.credited),
      net: money(sum.gross - sum.cancelled - sum.refunded - sum.credited),
      paid: money(sum.paid),
      given_back: money(sum.givenBack),
      cash: money(sum.paid - sum.givenBack),
    },
  };
  const { total_orders, units, by_status, revenue } = metrics;
  const found = differences(expected, { total_orders, units, by_status: withoutZeros(by_status), revenue });
  return found.map((text) => `metrics of ${currency}: ${text}.`);
}

function withoutZeros(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** The figures of every currency are exactly the sums of the orders' amounts. */
export async function checkMetrics(api: Api, states: Iterable<OrderState>): Promise<string[]> {
  const anomalies: string[] = [];
  const sums = figuresOf(states);
  const currencies = new Set(sums.keys());
  for (const [currency, sum] of sums) {
    const metrics = await api.get<Metrics>(`/orders/metrics?currency=${currency}`);
    anomalies.push(...compareMetrics(currency, sum, metrics));
    const others = metrics.other_currencies.filter((one) => !currencies.has(one));
    if (others.length > 0) anomalies.push(`metrics name ${others.join(', ')}, in which there is no order.`);
  }
  return anomalies;
}
