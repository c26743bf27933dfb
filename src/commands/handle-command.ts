import type { AppendEvents, Appender, AppendResult } from '../event-log/append/append.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import { closes, howToClose } from '../orders/decisions/closing.js';
import { decide } from '../orders/decisions/decide.js';
import type { Repetition } from '../orders/decisions/decision.js';
import { rejectTooEarly } from '../orders/decisions/occurred-at.js';
import { type Rejection, rejected } from '../orders/decisions/rejection.js';
import type { OrderEvent, RecordedEvent } from '../orders/events.js';
import { fold } from '../orders/evolve.js';
import type { Order } from '../orders/order.js';
import type { PersonKeys } from '../privacy/person-keys.js';
import { keyedHash } from '../privacy/sealed-events.js';
import type { CommandOutcome } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import { handledBefore, isHashOf } from './idempotency.js';
import { commandLimits as limits } from './limits.js';
import { loadOrderAt, type WithOrder } from './load-order.js';
import { type NewOrderEvent, newEvents, sealEvents, toAppend } from './new-events.js';
import type { OrderCache } from './order-cache.js';
import type { KeyedEvent, OrderState } from './order-state.js';
import { isByActor } from './stored-actor.js';

/** The functions by which commands reach the event log. */
export interface CommandDeps {
  readonly readStream: ReadStream;
  readonly append: AppendEvents;
  readonly appendAll: Appender['appendAll'];
  /** Keeps the orders of long streams. Without it each command reads the whole stream. */
  readonly orderCache?: OrderCache | undefined;
  /**
   * Seals the personal data of new events. Without it, events store personal data in the clear.
   * `readStream` opens sealed data.
   */
  readonly personKeys?: PersonKeys | undefined;
  /** Returns the current time, RFC 3339 UTC with milliseconds. */
  readonly now: () => string;
  /**
   * Rejects if the log that was just read is not the known one. An append finds that out by itself;
   * a command that is rejected appends nothing.
   */
  readonly confirmLog?: (() => Promise<void>) | undefined;
}

/**
 * Loads the order, decides and appends. It starts over if another command on the order was appended
 * first, at most `maxDecisions` times in all. Resolves with `key-reserved` if the stream is no
 * order, but has the reservations of an Idempotency-Key.
 */
export async function loadAndDecide(
  deps: CommandDeps,
  withOrder: WithOrder,
  request: CommandRequest,
): Promise<CommandOutcome | { readonly outcome: 'key-reserved' }> {
  const hash = requestHash(request);
  for (let nth = 0; nth < limits.maxDecisions; nth += 1) {
    const outcome = await withOrder(request.orderId, request.actor, (state) => decideOn(deps, request, state, hash));
    if (outcome === 'key-reserved') return { outcome };
    if (outcome) return outcome;
  }
  return { outcome: 'contended' };
}

/** Handles a command on an order as it is. Resolves with undefined if another one came first. */
async function decideOn(
  deps: CommandDeps,
  request: CommandRequest,
  state: OrderState,
  hash: string,
): Promise<CommandOutcome | undefined> {
  const { actor, idempotencyKey } = request;
  const earlier = idempotencyKey === undefined ? undefined : handledBefore(state, actor, idempotencyKey);
  if (earlier) {
    if (!(await isSameCommand(deps, hash, state, earlier))) return { outcome: 'idempotency-key-reused' };
    return outcomeAt(deps, request.orderId, state, earlier.version);
  }
  const refusal = refusalOf(request, state);
  if (refusal) return { outcome: 'rejected', rejection: refusal };
  const currentVersion = state.last?.version ?? 0;
  if (request.expectedVersions && !request.expectedVersions.includes(currentVersion)) {
    if (currentVersion > 0 || request.command.command === 'place')
      return { outcome: 'version-mismatch', currentVersion };
  }
  const outcome = await decideAndAppend(deps, request, state, hash);
  return outcome && 'repeats' in outcome ? outcomeAt(deps, request.orderId, state, outcome.repeats) : outcome;
}

/** Why a command is refused because of the keys of earlier ones. */
function refusalOf({ actor, refusalAfter }: CommandRequest, state: OrderState): Rejection | undefined {
  if (!refusalAfter) return undefined;
  for (const [key, events] of state.keys) {
    const reason = refusalAfter(key);
    if (reason !== undefined && events.some((event) => isByActor(state, event.actor, actor)))
      return rejected('invalid-transition', state.order, reason);
  }
  return undefined;
}

/**
 * Decides and appends once. Resolves with undefined if another command was appended first, and with
 * the version of an earlier event if the command repeats the one that led to it.
 */
export async function decideAndAppend(
  deps: CommandDeps,
  request: CommandRequest,
  state: OrderState,
  hash: string,
): Promise<CommandOutcome | Repetition | undefined> {
  const decision = decide(request.command, state.order);
  if ('repeats' in decision) return decision;
  if ('rejected' in decision) return { outcome: 'rejected', rejection: decision };
  return appendDecision(deps, request, decision, state, hash);
}

/**
 * Appends the events of a decision. Resolves with undefined if another command was appended first.
 * @param state the order that the command was decided on.
 */
export async function appendDecision(
  deps: CommandDeps,
  request: CommandRequest,
  decision: readonly OrderEvent[],
  state: OrderState,
  hash: string,
): Promise<CommandOutcome | undefined> {
  const before = state.order;
  if (request.occurredAt !== undefined) {
    const tooEarly = rejectTooEarly(decision, before, request.occurredAt);
    if (tooEarly) return { outcome: 'rejected', rejection: tooEarly };
  }

  const occurredAt = request.occurredAt ?? nowOrLater(deps.now(), before?.placedAt);
  const plain = newEvents(decision, request, hash);
  const bytes = plain.reduce((sum, { data }) => sum + data.length, state.bytes);
  if (before && bytes > limits.maxStreamBytes && !decision.every((event) => closes(event, before))) {
    return { outcome: 'rejected', rejection: streamFull(before) };
  }
  const events = await sealEvents(deps.personKeys, request, hash, plain, state);
  if ('rejected' in events) return { outcome: 'rejected', rejection: events };
  const result = await deps.append(toAppend(request.orderId, state.last?.version ?? 0, events, occurredAt));
  if (!result.appended) return undefined;
  const order = fold(recorded(request.orderId, events, occurredAt, result), before);
  if (!order) throw new Error('a command was accepted but produced no event');
  return { outcome: 'handled', order, partition: result.partition, position: result.position, replayed: false };
}

function streamFull(order: Order): Rejection {
  const mebibytes = limits.maxStreamBytes / 1024 / 1024;
  const detail = `The events of the order would exceed ${mebibytes} MiB. The order can now only be closed: ${howToClose}.`;
  return rejected('order-history-full', order, detail);
}

/** The present time, or the time of placing if that is later: clocks of processes differ. */
function nowOrLater(now: string, placedAt: string | undefined): string {
  return placedAt !== undefined && placedAt > now ? placedAt : now;
}

function recorded(
  orderId: string,
  events: readonly NewOrderEvent[],
  occurredAt: string,
  result: AppendResult & { appended: true },
): RecordedEvent[] {
  const firstVersion = result.version - events.length + 1;
  // The spread comes last, as in all frequent code: each field after a spread costs V8 half a
  // microsecond.
  return events.map(({ event, metadata }, index) => ({
    metadata,
    orderId,
    version: firstVersion + index,
    occurredAt,
    recordedAt: result.recordedAt,
    ...event,
  }));
}

/**
 * The outcome of the command that led to a version of the order. The stream is its own idempotency
 * record: it holds the event that the command produced. Without a key nothing is a repetition: the
 * content of an order may have been sent again on purpose, or by another row of a file.
 */
async function outcomeAt(
  { readStream }: CommandDeps,
  orderId: string,
  state: OrderState,
  version: number,
): Promise<CommandOutcome> {
  const { order, last } = state.last?.version === version ? state : await loadOrderAt(readStream, orderId, version);
  if (!order || !last) throw new Error(`order ${orderId}: the stream has no version ${version}`);
  return { outcome: 'handled', order, partition: last.partition, position: last.position, replayed: true };
}

/**
 * Whether an earlier event comes from the same command. If the person of the event was forgotten,
 * its hash can no longer be checked: then the actor and the Idempotency-Key have to suffice.
 */
async function isSameCommand(
  { personKeys }: CommandDeps,
  hash: string,
  { person }: OrderState,
  earlier: KeyedEvent,
): Promise<boolean> {
  if (earlier.person === undefined) return isHashOf(earlier.command_hash, hash);
  const key = person === undefined ? undefined : (await personKeys?.ofPersons([person]))?.get(person);
  return key === undefined || isHashOf(earlier.command_hash, keyedHash(hash, { key }));
}
