import type { Append } from '../event-log/append/append.js';
import { type Rejection, rejected } from '../orders/decisions/rejection.js';
import type { EventMetadata, OrderEvent } from '../orders/events.js';
import { splitPersonalData } from '../orders/personal-data.js';
import { currentSchema } from '../orders/upcast.js';
import { PersonBeingForgotten, type PersonKey, type PersonKeys } from '../privacy/person-keys.js';
import { keyedHash, sealData } from '../privacy/sealed-events.js';
import type { CommandRequest } from './command-request.js';
import { storedHash } from './idempotency.js';
import type { OrderState } from './order-state.js';
import { storedActor } from './stored-actor.js';

/** An event that a command produced, before it is appended. */
export interface NewOrderEvent {
  readonly event: OrderEvent;
  /** The JSON text that is stored. */
  readonly data: string;
  readonly metadata: EventMetadata;
}

/**
 * Adds the metadata to the events of a decision. Nothing is sealed yet.
 * @param hash the hash of the request.
 */
export function newEvents(decision: readonly OrderEvent[], request: CommandRequest, hash: string): NewOrderEvent[] {
  const command_hash = storedHash(hash);
  return decision.map((event) => ({
    event,
    data: JSON.stringify(event.data),
    metadata: eventMetadata(event, request, command_hash),
  }));
}

/** Returns the append of a command's events on the condition that the stream is at the version. */
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

/**
 * Seals the personal data of events with the key of the order's person. Events without personal
 * data stay as they are, except for an actor who is the person, as all events do without
 * `personKeys`.
 * @param hash the hash of the request.
 */
export async function sealEvents(
  personKeys: PersonKeys | undefined,
  request: CommandRequest,
  hash: string,
  events: readonly NewOrderEvent[],
  { order, person, userId: ofOrder }: OrderState,
): Promise<readonly NewOrderEvent[] | Rejection> {
  if (!personKeys) return events;
  const userId = ofOrder || (request.command.command === 'place' ? request.command.userId : '');
  const isPersonal = events.some(({ event: { type, data } }) => splitPersonalData(type, data).personal);
  if (!isPersonal) {
    return person === undefined ? events : events.map((event) => withStoredActor(event, userId, person));
  }
  const key = await personKeyOf(personKeys, userId, person);
  if (!key)
    return rejected(
      'person-erased',
      order,
      'The person of this order was forgotten. Send the command without personal data.',
    );
  const command_hash = storedHash(keyedHash(hash, key));
  return events.map((event) => {
    const plain = withStoredActor(event, userId, key.person);
    const { data, sealed } = sealData(request.orderId, plain.event.type, plain.event.data, key);
    if (!sealed) return plain;
    return { event: plain.event, data, metadata: { ...plain.metadata, person: key.person, command_hash } };
  });
}

function withStoredActor(event: NewOrderEvent, userId: string, person: string): NewOrderEvent {
  const actor = storedActor(event.metadata.actor, userId, person);
  return actor === event.metadata.actor ? event : { ...event, metadata: { ...event.metadata, actor } };
}

/** Returns the key of the order's person, or undefined if the person was or is being forgotten. */
async function personKeyOf(
  personKeys: PersonKeys,
  userId: string,
  person: string | undefined,
): Promise<PersonKey | undefined> {
  if (person !== undefined) {
    const key = (await personKeys.ofPersons([person])).get(person);
    return key && { person, key };
  }
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
    // A request that begins a chain correlates with itself: its id is not stored twice.
    correlation_id: correlationId === requestId ? undefined : correlationId,
    causation_id: causationId,
    idempotency_key: idempotencyKey,
    command_hash,
  };
}
