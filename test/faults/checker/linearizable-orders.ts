import type { LossRecord } from '../history.js';
import { findContradiction } from './linearizability.js';
import { keyOf, type OrderRun } from './orders.js';
import { copyState, type OrderState } from './state.js';

/**
 * The calls of an order are linearizable, and lead to the events that the log has. If a restore has
 * lost events of the partition, the calls before the first such restore and those after the last
 * one are looked at by themselves.
 */
export function checkLinearizable(
  order: OrderRun,
  states: readonly OrderState[],
  losses: readonly LossRecord[],
  count: (what: string) => void,
): string[] {
  const { id: orderId, operations, events } = order;
  const restores = losses.filter((loss) => loss.lostFrom[order.partition] !== undefined);
  const [first, last] = [restores[0], restores.at(-1)];
  const anomalies: string[] = [];
  const search = (contradiction: string | null) => {
    count('orders searched');
    if (contradiction !== null) anomalies.push(contradiction);
  };
  if (!first || !last) {
    search(findContradiction({ orderId, operations, events }));
    return anomalies;
  }
  const isAcross = operations.some((one) =>
    restores.some((loss) => one.outcome === 'done' && one.startedAt < loss.at && one.endedAt > loss.at),
  );
  if (isAcross || events.some((event) => event.type === 'OrderPersonErased')) {
    count('orders across a restore');
    return [];
  }
  search(findContradiction({ orderId, operations: operations.filter((one) => one.startedAt < first.at) }));
  const kept = events.filter((event) => event.position < (last.lostFrom[order.partition] ?? 0));
  const state = states[kept.length - 1];
  const keys = new Map(kept.flatMap((event) => [[keyOf(event) ?? '', event.version] as const]));
  const later = operations.filter((one) => one.startedAt >= last.at || one.outcome === 'unknown');
  search(
    findContradiction({ orderId, operations: later, keys, events, ...(state ? { state: copyState(state) } : {}) }),
  );
  return anomalies;
}
