import { erasedText } from '../orders/personal-data.js';
import { actorNames, isNeverPerson } from '../orders/values/own-actors.js';

/**
 * The actor as an event stores it. If customers act under their own user id, it would stay in the
 * log in the clear, beside the sealed `user_id`. The name of the person's key stands for it: once
 * the person is forgotten, it leads to nobody. On an order whose person was forgotten, nobody can
 * tell whether a subject is the person, so it is not stored at all.
 * @param userId the user of the order.
 * @param person the name of the key that seals the order's personal data.
 */
export function storedActor(actor: string, userId: string, person: string): string {
  if (userId === erasedText) return isNeverPerson(actor) ? actor : erasedText;
  return actor === userId ? `${actorNames.personPrefix}${person}` : actor;
}

/** The names under which a command's actor may stand in the events of an order. */
export interface ActorNames {
  /** The user of the order, as it was placed. */
  readonly userId: string;
  /** The person whose key seals personal data of its events, if any is sealed. */
  readonly person: string | undefined;
}

/**
 * Whether an event of an order is the work of an actor, under either name. Once the person is
 * forgotten, any subject may have been theirs: the Idempotency-Key then has to suffice.
 * @param stored the actor of the event.
 */
export function isByActor({ userId, person }: ActorNames, stored: string, actor: string): boolean {
  if (stored === actor) return true;
  if (person === undefined) return false;
  const name = storedActor(actor, userId, person);
  return stored === name || (name === erasedText && stored === `${actorNames.personPrefix}${person}`);
}
