import type { AppendEvents, AppendResult } from '../event-log/append.js';
import { operationsStreamId } from '../event-log/operations.js';
import { Overloaded } from '../event-log/overloaded.js';
import type { ReadStream } from '../event-log/read-stream.js';
import { recordedEvent, type StoredEvent } from '../event-log/stored-event.js';
import type { OrderCommand } from '../orders/commands.js';
import { decide } from '../orders/decide.js';
import type { EventMetadata, OrderEvent, RecordedEvent } from '../orders/events.js';
import { fold } from '../orders/evolve.js';
import type { Order } from '../orders/order.js';
import { splitPersonalData } from '../orders/personal-data.js';
import { invalid, type Rejection, rejected } from '../orders/rejection.js';
import { currentSchema } from '../orders/upcast.js';
import { PersonBeingForgotten, type PersonKey, type PersonKeys } from '../privacy/person-keys.js';
import { keyedHash, sealData } from '../privacy/sealed-events.js';
import { commandHash, handledBefore, isHashOf, storedHash } from './idempotency.js';
import { commandLimits as limits } from './limits.js';

/** A command with who asks for it and how. */
export interface CommandRequest {
  readonly orderId: string;
  readonly command: OrderCommand;
  /** Who acts: the actor in the event's metadata. */
  readonly actor: string;
  readonly idempotencyKey?: string;
  /** The version that the order must be at (If-Match). */
  readonly expectedVersion?: number;
  /** When it happened in the business, RFC 3339 UTC with milliseconds; now, unless an import says otherwise. */
  readonly occurredAt?: string;
  readonly requestId?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
}

export interface Handled {
  readonly outcome: 'handled';
  readonly order: Order;
  readonly partition: number;
  /** The position of the command's event. */
  readonly position: number;
  /** Whether the command had been handled before, and this is the answer of then. */
  readonly replayed: boolean;
}

export type CommandOutcome =
  | Handled
  | { readonly outcome: 'rejected'; readonly rejection: Rejection }
  | { readonly outcome: 'version-mismatch'; readonly currentVersion: number }
  | { readonly outcome: 'idempotency-key-reused' }
  /** Other processes' commands on this order kept coming first. */
  | { readonly outcome: 'contended' };

/**
 * Handles a command: loads the order's stream, decides, appends. Once it resolves with `handled`, the event is durable.
 * Rejects with Overloaded (nothing was done), or with the database's error: then the outcome is unknown, and a repetition
 * under the same Idempotency-Key finds out.
 */
export type HandleCommand = (request: CommandRequest) => Promise<CommandOutcome>;

export interface CommandDeps {
  readonly readStream: ReadStream;
  readonly append: AppendEvents;
  /** Seals personal data in events; without it, it is stored as it is. `readStream` opens it. */
  readonly personKeys?: PersonKeys | undefined;
  /** The current time, RFC 3339 UTC with milliseconds. */
  readonly now: () => string;
}

export function createCommandHandler(deps: CommandDeps): HandleCommand {
  const inTurn = createOrderQueues();

  return async (request) => {
    if (request.orderId === operationsStreamId) return { outcome: 'rejected', rejection: notAnOrder(request) };
    // A new order needs no look at a stream that most likely is not there: the append checks that it is not.
    if (request.command.command === 'place' && request.expectedVersion === undefined) {
      const placed = await attempt(deps, request, [], hashOf(request));
      if (placed) return placed;
    }
    return inTurn(request.orderId, () => loadAndDecide(deps, request));
  };
}

function notAnOrder({ command }: CommandRequest): Rejection {
  return command.command === 'place'
    ? invalid('/order_id', 'is reserved for the service itself: choose another')
    : rejected('order-not-found', undefined, 'There is no order with this id.');
}

async function loadAndDecide(deps: CommandDeps, request: CommandRequest): Promise<CommandOutcome> {
  const hash = hashOf(request);
  for (let nth = 0; nth < limits.maxDecisions; nth += 1) {
    const stored = await deps.readStream(request.orderId);
    const stream = stored.map(recordedEvent);
    const repeated = earlierAnswer(request, stored, stream, await sameCommand(deps, hash, stream));
    if (repeated) return repeated;
    const currentVersion = stream.length;
    if (request.expectedVersion !== undefined && request.expectedVersion !== currentVersion) {
      if (currentVersion > 0 || request.command.command === 'place')
        return { outcome: 'version-mismatch', currentVersion };
    }
    const outcome = await attempt(deps, request, stream, hash);
    if (outcome) return outcome;
  }
  return { outcome: 'contended' };
}

/** Decides and appends once. Undefined: another command came first. */
async function attempt(
  deps: CommandDeps,
  request: CommandRequest,
  stream: readonly RecordedEvent[],
  hash: string,
): Promise<CommandOutcome | undefined> {
  const before = fold(stream);
  const decision = decide(request.command, before);
  if ('rejected' in decision) return { outcome: 'rejected', rejection: decision };

  const occurredAt = request.occurredAt ?? deps.now();
  const sealed = await sealEvents(deps, request, hash, decision, stream, before);
  if ('rejected' in sealed) return { outcome: 'rejected', rejection: sealed };
  const result = await deps.append({
    orderId: request.orderId,
    expectedVersion: stream.length,
    events: sealed.map(({ event, data, metadata }) => ({
      type: event.type,
      data,
      metadata: JSON.stringify(metadata),
      occurredAt,
    })),
  });
  if (!result.appended) return undefined;
  const order = fold(recorded(request.orderId, sealed, occurredAt, result), before);
  if (!order) throw new Error('a command was accepted that led to no event');
  return { outcome: 'handled', order, partition: result.partition, position: result.position, replayed: false };
}

function recorded(
  orderId: string,
  events: readonly { event: OrderEvent; metadata: EventMetadata }[],
  occurredAt: string,
  result: AppendResult & { appended: true },
): RecordedEvent[] {
  const firstVersion = result.version - events.length + 1;
  // The spread comes last, here and wherever there are many: one that comes first costs V8 half a microsecond for each field after it.
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
 * The stream is its own idempotency record: a repeated command finds its event there and gets the answer of then.
 * An order that the caller gave an id is recognised by that id alone.
 */
function earlierAnswer(
  request: CommandRequest,
  stored: readonly StoredEvent[],
  stream: readonly RecordedEvent[],
  isSameCommand: (earlier: RecordedEvent) => boolean,
): CommandOutcome | undefined {
  const { actor, idempotencyKey, command } = request;
  let earlier = idempotencyKey === undefined ? undefined : handledBefore(stream, actor, idempotencyKey);
  if (earlier && !isSameCommand(earlier)) return { outcome: 'idempotency-key-reused' };
  const placed = stream[0];
  if (!earlier && command.command === 'place' && placed?.metadata.actor === actor) {
    if (isSameCommand(placed)) earlier = placed;
  }
  if (!earlier) return undefined;
  const order = fold(stream.slice(0, earlier.version));
  const event = stored[earlier.version - 1];
  if (!order || !event) throw new Error(`order ${request.orderId}: the stream has no version ${earlier.version}`);
  return { outcome: 'handled', order, partition: event.partition, position: event.position, replayed: true };
}

function hashOf({ command, occurredAt }: CommandRequest): string {
  return commandHash({ command, occurredAt });
}

/**
 * Tells whether an earlier event came from the very same command. Where its person was forgotten nobody can tell any more;
 * the caller's key then has to do.
 */
async function sameCommand(
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

/** Whose personal data is sealed in the order's events. */
function personOf(stream: readonly RecordedEvent[]): string | undefined {
  return stream.find(({ metadata }) => metadata.person !== undefined)?.metadata.person;
}

interface SealedEvent {
  readonly event: OrderEvent;
  /** As it is stored. */
  readonly data: string;
  readonly metadata: EventMetadata;
}

/** The events as they are to be stored: what is personal in them sealed under the key of the order's person. */
async function sealEvents(
  { personKeys }: CommandDeps,
  request: CommandRequest,
  hash: string,
  events: readonly OrderEvent[],
  stream: readonly RecordedEvent[],
  order: Order | undefined,
): Promise<SealedEvent[] | Rejection> {
  const asTheyAre = events.map((event) => ({
    event,
    data: JSON.stringify(event.data),
    metadata: eventMetadata(event, request, hash),
  }));
  if (!personKeys || !events.some(({ type, data }) => splitPersonalData(type, data).personal)) return asTheyAre;
  const key = await personKeyOf(personKeys, request, stream);
  if (!key)
    return rejected(
      'person-erased',
      order,
      'The person of this order was forgotten: send the command without personal data.',
    );
  return asTheyAre.map((plain) => {
    const { data, sealed } = sealData(request.orderId, plain.event.type, plain.event.data, key);
    if (!sealed) return plain;
    const metadata = { ...plain.metadata, person: key.person, command_hash: storedHash(keyedHash(hash, key)) };
    return { event: plain.event, data, metadata };
  });
}

/** The key of the order's person; undefined where they were, or are just being, forgotten. */
async function personKeyOf(
  personKeys: PersonKeys,
  { command }: CommandRequest,
  stream: readonly RecordedEvent[],
): Promise<PersonKey | undefined> {
  const person = personOf(stream);
  if (person !== undefined) {
    const key = (await personKeys.ofPersons([person])).get(person);
    return key && { person, key };
  }
  const [placed] = stream;
  const userId =
    placed?.type === 'OrderPlaced' ? placed.data.user_id : command.command === 'place' ? command.userId : '';
  try {
    return await personKeys.ofUser(userId);
  } catch (error) {
    if (error instanceof PersonBeingForgotten) return undefined;
    throw error;
  }
}

function eventMetadata(event: OrderEvent, request: CommandRequest, hash: string): EventMetadata {
  const { requestId, correlationId } = request;
  return {
    schema: currentSchema(event.type),
    actor: request.actor,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    // A request that begins a chain of commands correlates with itself: that need not be kept twice.
    ...(correlationId === undefined || correlationId === requestId ? {} : { correlation_id: correlationId }),
    ...(request.causationId === undefined ? {} : { causation_id: request.causationId }),
    ...(request.idempotencyKey === undefined ? {} : { idempotency_key: request.idempotencyKey }),
    command_hash: storedHash(hash),
  };
}

/**
 * Commands on one order take turns within this process, so that they don't run into each other's appends: conflicts are
 * left to commands of other processes.
 */
function createOrderQueues() {
  const queues = new Map<string, { length: number; tail: Promise<unknown> }>();
  return async <T>(orderId: string, task: () => Promise<T>): Promise<T> => {
    const queue = queues.get(orderId) ?? { length: 0, tail: Promise.resolve() };
    if (queue.length >= limits.maxQueuedPerOrder)
      throw new Overloaded('commands on this order', limits.maxQueuedPerOrder);
    queues.set(orderId, queue);
    queue.length += 1;
    const turn = queue.tail.then(task);
    queue.tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) queues.delete(orderId);
    }
  };
}
