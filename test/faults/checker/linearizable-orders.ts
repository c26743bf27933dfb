import type { LossRecord } from '../history.js';
import { findContradiction } from './linearizability.js';
import type { Operation } from './operations.js';
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
  if (isUnclear(operations, restores) || events.some((event) => event.type === 'OrderPersonErased')) {
    count('orders across a restore');
    return [];
  }
  const known = operations.filter((one) => one.outcome !== 'rejected' || !restores.some((loss) => isNear(one, loss)));
  const before = known.filter((one) => one.startedAt < first.at && epochOf(one, 1) === 1);
  search(findContradiction({ orderId, operations: before }));
  const kept = events.filter((event) => event.position < (last.lostFrom[order.partition] ?? 0));
  const state = states[kept.length - 1];
  const keys = new Map(kept.flatMap((event) => [[keyOf(event) ?? '', event.version] as const]));
  const epoch = restores.length + 1;
  const isLater = (one: Operation) =>
    one.outcome === 'unknown' || one.startedAt >= last.at || epochOf(one, 1) === epoch;
  const later = known.filter(isLater);
  search(
    findContradiction({ orderId, operations: later, keys, events, ...(state ? { state: copyState(state) } : {}) }),
  );
  return anomalies;
}

/** An epoch begins at most this long before the record of the loss is written. */
const recordedMs = 10_000;

/** Whether a call may have been handled on either side of a restore. */
function isNear(operation: Operation, loss: LossRecord): boolean {
  return operation.startedAt < loss.at && operation.endedAt > loss.at - recordedMs;
}

/** Results of a batch have no position: near a restore it is unclear which log they mean. */
function isUnclear(operations: readonly Operation[], restores: readonly LossRecord[]): boolean {
  return operations.some(
    (one) => one.outcome === 'done' && !one.position && restores.some((loss) => isNear(one, loss)),
  );
}

const epochOf = (operation: Operation, otherwise: number) => operation.position?.epoch ?? otherwise;
