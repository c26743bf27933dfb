import { type OpenEvents, openEach, UnopenableEvent } from '../event-log/open-events.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import type { EventMetadata } from '../orders/events.js';
import { erasedFields, splitPersonalData } from '../orders/personal-data.js';
import { UnreadableEvent } from '../orders/upcast.js';
import { hmac, open, seal } from './cipher.js';
import type { PersonKey, PersonKeys } from './person-keys.js';

/**
 * Seals the personal data of events and opens it. A sealed event is stored with
 *
 * - the other fields in `data`;
 * - `sealed` in `data`: base64url of AES-256-GCM over the JSON of the personal fields;
 * - `person` in `metadata`: the id of the key.
 *
 * The event's hash covers the stored form. The chain is therefore intact even when the key has been
 * destroyed.
 */

/**
 * Returns an event's data in its stored form. `sealed` is false if the data has no personal fields.
 */
export function sealData(
  orderId: string,
  type: string,
  data: object,
  { key }: PersonKey,
): { data: string; sealed: boolean } {
  const { personal, rest } = splitPersonalData(type, data);
  if (!personal) return { data: JSON.stringify(data), sealed: false };
  const sealed = seal(key, Buffer.from(JSON.stringify(personal)), contextOf(orderId, type)).toString('base64url');
  return { data: JSON.stringify({ ...rest, sealed }), sealed: true };
}

/**
 * Hashes a command that holds personal data. Without the person's key, the hash reveals nothing.
 */
export function keyedHash(hash: string, { key }: Pick<PersonKey, 'key'>): string {
  return hmac(key, hash).toString('hex');
}

/**
 * Opens the sealed data of events. Fields of a forgotten person read as erased. The events' hashes
 * stay those of the stored form. Rejects with UnopenableEvent if an event of a person who was not
 * forgotten cannot be opened.
 */
export async function openEvents(keys: PersonKeys | undefined, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const persons = events.map(personOf);
  if (persons.every((person) => person === undefined)) return [...events];
  if (!keys) throw new UnopenableEvent('personal data is sealed, and ORDERS_PERSONAL_DATA_KEY_FILE is not set');
  const known = await keys.ofPersons(persons.flatMap((person) => person ?? []));
  return events.map((event, index) => {
    const person = persons[index];
    return person === undefined ? event : { ...event, data: openData(event, known.get(person)) };
  });
}

/**
 * Creates a reader of streams that opens their sealed data. It rejects with UnreadableEvent, which
 * names the event, if one cannot be opened.
 */
export function createOpenedStreamReader(keys: PersonKeys | undefined, readStream: ReadStream): ReadStream {
  return async (orderId, after, isRest) => {
    const page = await readStream(orderId, after, isRest);
    return { ...page, events: await openStream((events) => openEvents(keys, events), page.events) };
  };
}

/** Opens events with `open`. Rejects with UnreadableEvent if one of them cannot be opened. */
export async function openStream(open: OpenEvents, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const opened = await openEach(open, events);
  return events.map((event, index) => {
    const one = opened[index] ?? event;
    if (one instanceof UnopenableEvent) throw new UnreadableEvent(event, one);
    return one;
  });
}

function openData({ orderId, type, data }: StoredEvent, key: Buffer | undefined): string {
  try {
    const { sealed, ...rest } = JSON.parse(data) as { sealed?: string };
    if (sealed === undefined) return data;
    if (!key) return JSON.stringify({ ...erasedFields(type), ...rest });
    const personal = open(key, Buffer.from(sealed, 'base64url'), contextOf(orderId, type));
    return JSON.stringify({ ...(JSON.parse(personal.toString()) as object), ...rest });
  } catch (error) {
    throw new UnopenableEvent('the event’s sealed data does not open with its person’s key', { cause: error });
  }
}

/** Returns the person whose key an event's personal data is sealed with. */
export function personOf({ metadata }: Pick<StoredEvent, 'metadata'>): string | undefined {
  return metadata.includes('"person"') ? (JSON.parse(metadata) as EventMetadata).person : undefined;
}

function contextOf(orderId: string, type: string): string {
  return `${orderId}\n${type}`;
}
