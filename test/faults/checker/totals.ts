import type { NumberedCall } from './operations.js';

interface MetricsResponse {
  currency?: string;
  total_orders?: number;
}

/** The number of orders never falls while Redis keeps its data. */
export function checkTotals(calls: readonly NumberedCall[], isFault: (from: number, to: number) => boolean): string[] {
  const anomalies: string[] = [];
  const highest = new Map<string, { call: NumberedCall; total: number }>();
  const ended: NumberedCall[] = [];
  const totals = calls.filter((call) => call.status === 200 && call.path.startsWith('/orders/metrics'));
  for (const call of [...totals].sort((one, other) => one.startedAt - other.startedAt)) {
    while (ended[0] && ended[0].at <= call.startedAt) note(ended.shift() as NumberedCall);
    const { currency = '', total_orders: total = 0 } = call.response as MetricsResponse;
    const before = highest.get(currency);
    if (before && total < before.total && !isFault(before.call.startedAt, call.at))
      anomalies.push(
        `call ${call.number} (GET ${call.path}) shows ${total} orders, after call ${before.call.number} had shown ${before.total}.`,
      );
    ended.push(call);
    ended.sort((one, other) => one.at - other.at);
  }
  return anomalies;

  function note(call: NumberedCall): void {
    const { currency = '', total_orders: total = 0 } = call.response as MetricsResponse;
    const before = highest.get(currency);
    if (!before || total >= before.total || isFault(before.call.startedAt, call.at))
      highest.set(currency, { call, total });
  }
}
