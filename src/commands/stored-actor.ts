import type { EventMetadata, RecordedEvent } from '../orders/events.js';
import { erasedText } from '../orders/personal-data.js';

/** Begins the actors that stand for a person. The subject of a token never begins with it. */
export const personActorPrefix = 'person:';

/** Actors that are never a person: keys without a subject of their own, operators, imports. */
const neverPerson = /^(import|anonymous|(key|operator):.*)$/s;

/**
 * The actor as an event stores it. If customers act under their own user id, it would stay in the
 * log in the clear, beside the sealed `user_id`. The name of the person's key stands for it: once
 * the person is forgotten, it leads to nobody. On an order whose person was forgotten, nobody can
 * tell whether a subject is the person, so it is not stored at all.
 * @param userId the user of the order.
 * @param person the name of the key that seals the order's personal data.
 */
export function storedActor(actor: string, userId: string, person: string): string {
  if (userId === erasedText) return neverPerson.test(actor) ? actor : erasedText;
  return actor === userId ? `${personActorPrefix}${person}` : actor;
}

/**
 * Whether an event of this order is the work of an actor, under either name. Once the person is
 * forgotten, any subject may have been theirs: the Idempotency-Key then has to suffice.
 */
export function isByActor(stream: readonly RecordedEvent[], metadata: EventMetadata, actor: string): boolean {
  if (metadata.actor === actor) return true;
  const person = personOf(stream);
  if (person === undefined) return false;
  const stored = storedActor(actor, userOf(stream), person);
  const isAnyOf = stored === erasedText && metadata.actor === `${personActorPrefix}${person}`;
  return metadata.actor === stored || isAnyOf;
}

/** Returns the person whose key seals the personal data of the order's events, if any is sealed. */
export function personOf(stream: readonly RecordedEvent[]): string | undefined {
  return stream.find(({ metadata }) => metadata.person !== undefined)?.metadata.person;
}

/** The user of an order; empty if the stream has no order. */
export function userOf([placed]: readonly RecordedEvent[]): string {
  return placed?.type === 'OrderPlaced' ? placed.data.user_id : '';
}
