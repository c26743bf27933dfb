import { actorNames } from '../orders/values/own-actors.js';
import type { Caller } from './caller.js';

/** The key that was to create another one has been revoked. */
export class CreatorRevoked extends Error {
  override readonly name = 'CreatorRevoked';
}

/**
 * The creator of the keys that a caller creates: `key:` and the id of the caller's key, or the
 * subject of the caller's token. Several keys may have one subject, so a key is named by its id. No
 * token has a subject that begins with `key:`.
 */
export function creatorOf({ credential, subject }: Caller): string {
  return credential.kind === 'key' ? `${actorNames.keyPrefix}${credential.id}` : subject;
}

/** The id of the key that a creator names. Null if it is no key. */
export function creatingKeyOf(creator: string | undefined): string | null {
  return creator?.startsWith(actorNames.keyPrefix) ? creator.slice(actorNames.keyPrefix.length) : null;
}

/**
 * The keys that a creator has made, directly or by other keys, and the creator if it is a key.
 * @param creator as a key names it (`key:ID`, a subject, `operator:NAME`), or the id of a key.
 */
export function createdThrough<Key extends { readonly id: string; readonly createdBy: string | null }>(
  keys: readonly Key[],
  creator: string,
): Key[] {
  const creators = new Set([creator, `${actorNames.keyPrefix}${creator}`]);
  const found = new Set<Key>();
  for (let before = -1; found.size > before; ) {
    before = found.size;
    for (const key of keys) {
      const own = `${actorNames.keyPrefix}${key.id}`;
      if (!creators.has(own) && (key.createdBy === null || !creators.has(key.createdBy))) continue;
      creators.add(own);
      found.add(key);
    }
  }
  return keys.filter((key) => found.has(key));
}
