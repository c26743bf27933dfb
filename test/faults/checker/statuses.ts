import type { LossRecord } from '../history.js';
import { type NumberedCall, parsePosition } from './operations.js';

interface MetricsResponse {
  currency?: string;
  total_orders?: number;
}

/** No call got a 500, and a 410 only for a position that a restore has lost. */
export function checkStatuses(calls: readonly NumberedCall[], losses: readonly LossRecord[]): string[] {
  return calls.flatMap((call) => {
    const name = `call ${call.number} (${call.method} ${call.path})`;
    if (call.status === 500) return [`${name} got a 500: ${JSON.stringify(call.response)}.`];
    if (call.status !== 410) return [];
    const position = parsePosition(call.minPosition);
    const wasLost = losses.some(
      (loss) => position && position.position >= (loss.lostFrom[position.partition] ?? Infinity),
    );
    return wasLost ? [] : [`${name} got a 410 for ${call.minPosition}, which no restore has lost.`];
  });
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
