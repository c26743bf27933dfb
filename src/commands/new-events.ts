import type { Append } from '../event-log/append/append.js';
import { type Rejection, rejected } from '../orders/decisions/rejection.js';
import type { EventMetadata, OrderEvent, RecordedEvent } from '../orders/events.js';
import type { Order } from '../orders/order.js';
import { splitPersonalData } from '../orders/personal-data.js';
import { currentSchema } from '../orders/upcast.js';
import { PersonBeingForgotten, type PersonKey, type PersonKeys } from '../privacy/person-keys.js';
import { keyedHash, sealData } from '../privacy/sealed-events.js';
import type { CommandRequest } from './command-request.js';
import { storedHash } from './idempotency.js';

/** An event that a command leads to. */
export interface NewOrderEvent {
  readonly event: OrderEvent;
  /** JSON, as it is stored. */
  readonly data: string;
  readonly metadata: EventMetadata;
}

/** The events of a decision, as they are to be stored unless something in them is to be sealed. @param hash of the request. */
export function newEvents(decision: readonly OrderEvent[], request: CommandRequest, hash: string): NewOrderEvent[] {
  const command_hash = storedHash(hash);
  return decision.map((event) => ({
    event,
    data: JSON.stringify(event.data),
    metadata: eventMetadata(event, request, command_hash),
  }));
}

/** What appends a command's events, if its order's stream is at the version. */
export function toAppend(
  orderId: string,
  expectedVersion: number,
  events: readonly NewOrderEvent[],
  occurredAt: string,
): Append {
  return {
    orderId,
    expectedVersion,
    events: events.map(({ event, data, metadata }) => ({
      type: event.type,
      data,
      metadata: JSON.stringify(metadata),
      occurredAt,
    })),
  };
}

/** The events with what is personal in them sealed under the key of the order's person; as they are, where nothing is sealed. @param hash of the request. */
export async function sealEvents(
  personKeys: PersonKeys | undefined,
  request: CommandRequest,
  hash: string,
  events: readonly NewOrderEvent[],
  stream: readonly RecordedEvent[],
  order: Order | undefined,
): Promise<readonly NewOrderEvent[] | Rejection> {
  if (!personKeys || !events.some(({ event: { type, data } }) => splitPersonalData(type, data).personal)) return events;
  const key = await personKeyOf(personKeys, request, stream);
  if (!key)
    return rejected(
      'person-erased',
      order,
      'The person of this order was forgotten: send the command without personal data.',
    );
  const command_hash = storedHash(keyedHash(hash, key));
  return events.map((plain) => {
    const { data, sealed } = sealData(request.orderId, plain.event.type, plain.event.data, key);
    if (!sealed) return plain;
    return { event: plain.event, data, metadata: { ...plain.metadata, person: key.person, command_hash } };
  });
}

/** Whose personal data is sealed in the order's events. */
export function personOf(stream: readonly RecordedEvent[]): string | undefined {
  return stream.find(({ metadata }) => metadata.person !== undefined)?.metadata.person;
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

function eventMetadata(event: OrderEvent, request: CommandRequest, command_hash: string): EventMetadata {
  const { actor, requestId, correlationId, causationId, idempotencyKey } = request;
  return {
    schema: currentSchema(event.type),
    actor,
    request_id: requestId,
    // A request that begins a chain of commands correlates with itself: that need not be kept twice.
    correlation_id: correlationId === requestId ? undefined : correlationId,
    causation_id: causationId,
    idempotency_key: idempotencyKey,
    command_hash,
  };
}
