import { recordedEvent, type StoredEvent } from '../event-log/stored-event.js';
import type { EventMetadata, RecordedEvent } from '../orders/events.js';
import { fold } from '../orders/evolve.js';
import type { Order } from '../orders/order.js';
import { UnreadableEvent } from '../orders/upcast.js';

/** The parts of a stream that commands need: the order, and what was handled under each key. */
export interface OrderState {
  /** Undefined if the order does not exist. */
  readonly order: Order | undefined;
  /** The user of the order, as it was placed; empty if it does not exist. */
  readonly userId: string;
  /** The person whose key seals personal data of the order's events, if any is sealed. */
  readonly person: string | undefined;
  /** The last event. Undefined if the order does not exist. */
  readonly last: LastEvent | undefined;
  /** Bytes of the stream's JSON texts, about: its characters. */
  readonly bytes: number;
  /** The events of commands that had an Idempotency-Key, by key, oldest first. */
  readonly keys: ReadonlyMap<string, readonly KeyedEvent[]>;
}

export type LastEvent = Pick<StoredEvent, 'version' | 'partition' | 'position' | 'hash'>;

/** An event that a command with an Idempotency-Key has produced. */
export interface KeyedEvent extends Pick<EventMetadata, 'actor' | 'command_hash' | 'person'> {
  readonly version: number;
  readonly position: number;
}

/** The state of an order that does not exist. */
export const noOrder: OrderState = {
  order: undefined,
  userId: '',
  person: undefined,
  last: undefined,
  bytes: 0,
  keys: new Map(),
};

/**
 * Returns the state after further events of the stream. The state before them is not used any more:
 * both share their keys. Throws UnreadableEvent if an event cannot be read or applied.
 */
export function foldInto(state: OrderState, stored: readonly StoredEvent[]): OrderState {
  const last = stored.at(-1);
  if (!last) return state;
  const events = stored.map(recordedEvent);
  return {
    order: foldNaming(stored, events, state.order),
    userId: state.last === undefined ? userOf(events) : state.userId,
    person: state.person ?? personOf(events),
    last: { version: last.version, partition: last.partition, position: last.position, hash: last.hash },
    bytes: stored.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, state.bytes),
    keys: withKeys(state, events, stored),
  };
}

/** Folds events. An event that cannot be applied is named. */
function foldNaming(
  stored: readonly StoredEvent[],
  events: readonly RecordedEvent[],
  before: Order | undefined,
): Order | undefined {
  let index = -1;
  const counted = function* () {
    for (const event of events) {
      index += 1;
      yield event;
    }
  };
  try {
    return fold(counted(), before);
  } catch (error) {
    const event = stored[index];
    throw event ? UnreadableEvent.from(event, error) : error;
  }
}

function withKeys(
  { keys, last }: OrderState,
  events: readonly RecordedEvent[],
  stored: readonly StoredEvent[],
): OrderState['keys'] {
  const all = last === undefined ? new Map<string, KeyedEvent[]>() : (keys as Map<string, KeyedEvent[]>);
  for (const [index, { metadata, version }] of events.entries()) {
    const { idempotency_key: key, actor, command_hash, person } = metadata;
    if (key === undefined) continue;
    const keyed = { version, position: stored[index]?.position ?? 0, actor, command_hash, person };
    const others = all.get(key);
    if (others) others.push(keyed);
    else all.set(key, [keyed]);
  }
  return all;
}

function personOf(events: readonly RecordedEvent[]): string | undefined {
  return events.find(({ metadata }) => metadata.person !== undefined)?.metadata.person;
}

/** The user of an order. @param events those from its first one on */
function userOf([placed]: readonly RecordedEvent[]): string {
  return placed?.type === 'OrderPlaced' ? placed.data.user_id : '';
}
