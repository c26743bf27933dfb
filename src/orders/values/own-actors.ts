import { erasedText } from '../personal-data.js';

/** An actor of the service itself, or a kind of actors with names that begin with the same text. */
interface OwnActor {
  readonly name: string;
  /** Whether the name is followed by something that tells the actors of this kind apart. */
  readonly isPrefix?: true;
  /** Whether it may stand for a customer, who may have been forgotten. */
  readonly mayBePerson?: true;
  /** Whether an operator may give it to an API key, which replaces another key or a token. */
  readonly mayBeKeySubject?: true;
}

/** All actors whose names no subject of a token has. Each is named here alone. */
const own = {
  import: { name: 'import' },
  anonymous: { name: 'anonymous' },
  /** No actor, but the user of all orders whose person was forgotten. */
  erased: { name: erasedText, mayBePerson: true },
  /** An API key without a subject of its own. */
  key: { name: 'key:', isPrefix: true, mayBeKeySubject: true },
  /** A user of the operating system, on the command line. */
  operator: { name: 'operator:', isPrefix: true },
  /** A customer, by the key that seals their data. */
  person: { name: 'person:', isPrefix: true, mayBePerson: true },
  /** The subject of a token that would otherwise be one of these names. */
  token: { name: 'token:', isPrefix: true, mayBePerson: true, mayBeKeySubject: true },
} as const satisfies Readonly<Record<string, OwnActor>>;

/** The names of actors, and the beginnings of the names of kinds of actors. */
export const actorNames = {
  import: own.import.name,
  anonymous: own.anonymous.name,
  keyPrefix: own.key.name,
  operatorPrefix: own.operator.name,
  personPrefix: own.person.name,
  tokenPrefix: own.token.name,
} as const;

/** Whether a name is that of one of the service's own actors. */
export function isOwnActor(name: string): boolean {
  return find(name) !== undefined;
}

/** Whether an actor is never a customer: a key without a subject of its own, or an operator. */
export function isNeverPerson(name: string): boolean {
  const found = find(name);
  return found !== undefined && !found.mayBePerson;
}

/** Whether an API key may have a subject. Most of the service's own actors are refused. */
export function isKeySubject(subject: string): boolean {
  const found = find(subject);
  return found === undefined || found.mayBeKeySubject === true;
}

function find(name: string): OwnActor | undefined {
  const all: readonly OwnActor[] = Object.values(own);
  return all.find((one) => (one.isPrefix ? name.startsWith(one.name) : name === one.name));
}
