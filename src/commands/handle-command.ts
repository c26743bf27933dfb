import type { AppendEvents, Appender, AppendResult } from '../event-log/append/append.js';
import { isKeyReservation } from '../event-log/key-reservation.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import { recordedEvent, type StoredEvent } from '../event-log/stored-event.js';
import { decide } from '../orders/decisions/decide.js';
import type { Repetition } from '../orders/decisions/decision.js';
import { rejectTooEarly } from '../orders/decisions/occurred-at.js';
import type { OrderEvent, RecordedEvent } from '../orders/events.js';
import { fold } from '../orders/evolve.js';
import type { Order } from '../orders/order.js';
import type { PersonKeys } from '../privacy/person-keys.js';
import { keyedHash } from '../privacy/sealed-events.js';
import type { CommandOutcome } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import { handledBefore, isHashOf } from './idempotency.js';
import { commandLimits as limits } from './limits.js';
import { type NewOrderEvent, newEvents, sealEvents, toAppend } from './new-events.js';
import { personOf } from './stored-actor.js';

/** The functions by which commands reach the event log. */
export interface CommandDeps {
  readonly readStream: ReadStream;
  readonly append: AppendEvents;
  readonly appendAll: Appender['appendAll'];
  /**
   * Seals the personal data of new events. Without it, events store personal data in the clear.
   * `readStream` opens sealed data.
   */
  readonly personKeys?: PersonKeys | undefined;
  /** Returns the current time, RFC 3339 UTC with milliseconds. */
  readonly now: () => string;
}

/**
 * Loads the order's stream, decides and appends. It starts over if another command on the order was
 * appended first, at most `maxDecisions` times in all. Resolves with `key-reserved` if the stream
 * is no order, but has the reservations of an Idempotency-Key.
 */
export async function loadAndDecide(
  deps: CommandDeps,
  request: CommandRequest,
): Promise<CommandOutcome | { readonly outcome: 'key-reserved' }> {
  const hash = requestHash(request);
  for (let nth = 0; nth < limits.maxDecisions; nth += 1) {
    const stored = await deps.readStream(request.orderId);
    if (stored[0] && isKeyReservation(stored[0])) return { outcome: 'key-reserved' };
    const stream = stored.map(recordedEvent);
    const earlier = earlierOutcome(request, stored, stream, await commandMatcher(deps, hash, stream));
    if (earlier) return earlier;
    const currentVersion = stream.length;
    if (request.expectedVersions && !request.expectedVersions.includes(currentVersion)) {
      if (currentVersion > 0 || request.command.command === 'place')
        return { outcome: 'version-mismatch', currentVersion };
    }
    const outcome = await decideAndAppend(deps, request, stream, hash);
    if (outcome && 'repeats' in outcome) return outcomeAt(outcome.repeats, request.orderId, stored, stream);
    if (outcome) return outcome;
  }
  return { outcome: 'contended' };
}

/**
 * Decides and appends once. Resolves with undefined if another command was appended first, and with
 * the version of an earlier event if the command repeats the one that led to it.
 */
export async function decideAndAppend(
  deps: CommandDeps,
  request: CommandRequest,
  stream: readonly RecordedEvent[],
  hash: string,
): Promise<CommandOutcome | Repetition | undefined> {
  const before = fold(stream);
  const decision = decide(request.command, before);
  if ('repeats' in decision) return decision;
  if ('rejected' in decision) return { outcome: 'rejected', rejection: decision };
  return appendDecision(deps, request, decision, stream, before, hash);
}

/**
 * Appends the events of a decision. Resolves with undefined if another command was appended first.
 * @param before the order that the command was decided on, folded from the stream.
 */
export async function appendDecision(
  deps: CommandDeps,
  request: CommandRequest,
  decision: readonly OrderEvent[],
  stream: readonly RecordedEvent[],
  before: Order | undefined,
  hash: string,
): Promise<CommandOutcome | undefined> {
  if (request.occurredAt !== undefined) {
    const tooEarly = rejectTooEarly(decision, before, request.occurredAt);
    if (tooEarly) return { outcome: 'rejected', rejection: tooEarly };
  }

  const occurredAt = request.occurredAt ?? nowOrLater(deps.now(), before?.placedAt);
  const plain = newEvents(decision, request, hash);
  const events = await sealEvents(deps.personKeys, request, hash, plain, stream, before);
  if ('rejected' in events) return { outcome: 'rejected', rejection: events };
  const result = await deps.append(toAppend(request.orderId, stream.length, events, occurredAt));
  if (!result.appended) return undefined;
  const order = fold(recorded(request.orderId, events, occurredAt, result), before);
  if (!order) throw new Error('a command was accepted but produced no event');
  return { outcome: 'handled', order, partition: result.partition, position: result.position, replayed: false };
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
 * Finds the outcome of an earlier handling of the same command. The stream is its own idempotency
 * record: it holds the event that the command produced. Without a key nothing is a repetition: the
 * content of an order may have been sent again on purpose, or by another row of a file.
 */
function earlierOutcome(
  request: CommandRequest,
  stored: readonly StoredEvent[],
  stream: readonly RecordedEvent[],
  isSameCommand: (earlier: RecordedEvent) => boolean,
): CommandOutcome | undefined {
  const { actor, idempotencyKey } = request;
  const earlier = idempotencyKey === undefined ? undefined : handledBefore(stream, actor, idempotencyKey);
  if (!earlier) return undefined;
  if (!isSameCommand(earlier)) return { outcome: 'idempotency-key-reused' };
  return outcomeAt(earlier.version, request.orderId, stored, stream);
}

/** The outcome of the command that led to a version of the order. */
function outcomeAt(
  version: number,
  orderId: string,
  stored: readonly StoredEvent[],
  stream: readonly RecordedEvent[],
): CommandOutcome {
  const order = fold(stream.slice(0, version));
  const event = stored[version - 1];
  if (!order || !event) throw new Error(`order ${orderId}: the stream has no version ${version}`);
  return { outcome: 'handled', order, partition: event.partition, position: event.position, replayed: true };
}

/**
 * Returns a predicate: does an earlier event come from the same command? If the person of the event
 * was forgotten, its hash can no longer be checked. Then the predicate accepts it, and the actor
 * and the Idempotency-Key have to suffice.
 */
async function commandMatcher(
  { personKeys }: CommandDeps,
  hash: string,
  stream: readonly RecordedEvent[],
): Promise<(earlier: RecordedEvent) => boolean> {
  const person = personOf(stream);
  const key = person === undefined ? undefined : (await personKeys?.ofPersons([person]))?.get(person);
  const keyed = key && keyedHash(hash, { key });
  return ({ metadata }) => {
    if (metadata.person === undefined) return isHashOf(metadata.command_hash, hash);
    return keyed === undefined || isHashOf(metadata.command_hash, keyed);
  };
}
