import { type FoldedEvent, fold } from './fold.js';
import type { LogEvent } from './log.js';
import type { Operation } from './operations.js';
import { keyOf } from './orders.js';
import { decide } from './rules.js';
import { copyState, type OrderState } from './state.js';
import { differences, viewOf } from './view.js';

/** States that a search may visit: a bound on its time, far above what runs need. */
const maxVisited = 200_000;

export interface Search {
  orderId: string;
  operations: readonly Operation[];
  /** The state at the beginning, and the keys that are used by then with their versions. */
  state?: OrderState;
  keys?: ReadonlyMap<string, number>;
  /** The events that the order has in the end; without them, any end is right. */
  events?: readonly LogEvent[];
}

interface Node {
  state: OrderState | undefined;
  keys: ReadonlyMap<string, number>;
  /** Operations that have not happened yet. */
  left: readonly Operation[];
}

/**
 * Looks for one order of the operations that respects their times and gives each of them, one
 * after the other, the outcome that it had: a depth-first search (Wing and Gong, 1993) that visits
 * no state twice (Lowe, 2017). Returns the reason why there is none, or null.
 */
export function findContradiction({ orderId, operations, state, keys = new Map(), events }: Search): string | null {
  const visited = new Set<string>();
  const stack: Node[] = [{ state, keys, left: operations }];
  let furthest: Node | undefined;
  for (let node = stack.pop(); node; node = stack.pop()) {
    node = withoutEffect(node);
    const version = node.state?.version ?? 0;
    if (isDone(node, version, events)) return null;
    if (!furthest || node.left.length < furthest.left.length) furthest = node;
    const name = `${version} ${node.left.map((one) => one.name).join()}`;
    if (visited.has(name)) continue;
    visited.add(name);
    if (visited.size > maxVisited) return `the order of the calls of order ${orderId} was not found in time.`;
    for (const one of possible(node.left)) {
      const next = apply(node, one, orderId, events?.[version]);
      if (next) stack.push(next);
    }
    const erased = events?.[version];
    if (erased?.type === 'OrderPersonErased') stack.push({ ...node, state: follow(node.state, erased) });
  }
  const stuck = furthest ? possible(furthest.left).filter((one) => one.outcome !== 'unknown') : [];
  const reached = furthest?.state?.version ?? 0;
  const names = stuck.map((one) => `${one.name}: ${describe(one)}`).join('; ');
  return `the calls of order ${orderId} fit no order; after version ${reached} none of these is possible: ${names || `version ${reached + 1} of the log`}.`;
}

/** All that was answered has happened, and the log has no further event. */
function isDone({ left }: Node, version: number, events: readonly LogEvent[] | undefined): boolean {
  return left.every((one) => one.outcome === 'unknown') && (events === undefined || events.length === version);
}

/** Operations that can come next: none of the others had ended before they began. */
function possible(left: readonly Operation[]): Operation[] {
  const firstEnd = left.reduce((end, one) => Math.min(end, one.endedAt), Number.POSITIVE_INFINITY);
  return left.filter((one) => one.startedAt <= firstEnd);
}

/** Lets operations that change nothing happen as soon as they can: later would not be better. */
function withoutEffect(node: Node): Node {
  let { left } = node;
  for (;;) {
    const one = possible(left).find((candidate) => fitsWithoutEffect({ ...node, left }, candidate));
    if (!one) return { ...node, left };
    left = left.filter((other) => other !== one);
  }
}

function fitsWithoutEffect({ state, keys }: Node, operation: Operation): boolean {
  const { outcome, replayed, command, body, version, problem, status, key } = operation;
  if (outcome === 'done') {
    if (!replayed) return false;
    if (key !== undefined && keys.has(key)) return keys.get(key) === version;
    return (
      command === 'pay' &&
      decide(state, command, body).outcome === 'repeated' &&
      (version ?? 0) <= (state?.version ?? 0)
    );
  }
  if (outcome !== 'rejected') return false;
  // Other rejections say nothing about the order: the caller, the form of the body, the servers.
  if (status === 404) return state === undefined;
  if (status !== 409) return true;
  if (problem?.current_version !== undefined && problem.current_version !== state?.version) return false;
  if (problem?.type === '/problems/order-exists') return state !== undefined;
  // The persons of a run are forgotten by operators, whom the history does not follow.
  if (problem?.type === '/problems/person-erased') return true;
  return decide(state, command, body).outcome === 'rejected';
}

function apply(node: Node, operation: Operation, orderId: string, inLog: LogEvent | undefined): Node | null {
  const { state, keys, left } = node;
  const { outcome, replayed, command, body, key, version, order } = operation;
  if (outcome === 'rejected' || replayed || (key !== undefined && keys.has(key))) return null;
  const nextVersion = (state?.version ?? 0) + 1;
  if (outcome === 'done' && version !== nextVersion) return null;
  // The log says which command this version comes from; the search only has to confirm it.
  if (inLog && keyOf(inLog) !== key) return null;
  const decision = decide(state, command, body);
  if (decision.outcome !== 'event') return null;
  const { type, data } = decision;
  const event = { orderId, version: nextVersion, type, data, occurredAt: someTime, recordedAt: someTime };
  const next = followed(state, event);
  if (order && !isSameOrder(next, order)) return null;
  return {
    state: next,
    keys: key === undefined ? keys : new Map([...keys, [key, nextVersion]]),
    left: left.filter((one) => one !== operation),
  };
}

const someTime = '1970-01-01T00:00:00.000Z';

function followed(state: OrderState | undefined, event: FoldedEvent): OrderState {
  return fold(state && copyState(state), event);
}

function follow(state: OrderState | undefined, { orderId, version, type }: LogEvent): OrderState {
  return followed(state, { orderId, version, type, data: {}, occurredAt: someTime, recordedAt: someTime });
}

/** The times and personal data of responses are compared with the log elsewhere. */
const ignored = ['placed_at', 'updated_at', 'shipments', 'user_id', 'metadata'];

function isSameOrder(state: OrderState, order: Record<string, unknown>): boolean {
  const view = viewOf(state);
  const shown = Object.keys(order).filter((field) => !ignored.includes(field));
  const [expected, actual] = [view, order].map((one) => Object.fromEntries(shown.map((field) => [field, one[field]])));
  return differences(expected ?? {}, actual ?? {}).length === 0;
}

function describe({ outcome, command, version, status, problem }: Operation): string {
  if (outcome === 'done') return `${command} was acknowledged as version ${version}`;
  return `${command} was rejected with ${status} ${problem?.type ?? ''} at version ${problem?.current_version ?? 'unknown'}`;
}
