import type { ReadStream } from '../event-log/read/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { UnopenableEvent } from '../event-log/unopenable-event.js';
import type { EventMetadata } from '../orders/events.js';
import { erasedFields, splitPersonalData } from '../orders/personal-data.js';
import { hmac, open, seal } from './cipher.js';
import type { PersonKey, PersonKeys } from './person-keys.js';

/**
 * How an event is stored with personal data in it: in `data` the other fields and `sealed`, base64url of AES-256-GCM over
 * the JSON of the personal ones; in `metadata` `person`, which names the key. The hash covers what is stored, so the chain holds
 * whether or not anybody can still open it.
 */

/** The event's data as it is to be stored. Where nothing in it is personal, that is the data itself. */
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

/** The hash of a command that holds personal data, of no use to whoever does not have the person's key. */
export function keyedHash(hash: string, { key }: Pick<PersonKey, 'key'>): string {
  return hmac(key, hash).toString('hex');
}

/**
 * Opens what is sealed; what was forgotten shows as erased. The events' hashes stay those of what is stored. Rejects with
 * UnopenableEvent where one of them can't be opened though nobody was forgotten.
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

/** Reads streams with what is sealed in them opened. */
export function createOpenedStreamReader(keys: PersonKeys | undefined, readStream: ReadStream): ReadStream {
  return async (orderId) => openEvents(keys, await readStream(orderId));
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

/** Whose key an event's personal data is sealed with. */
function personOf({ metadata }: StoredEvent): string | undefined {
  return metadata.includes('"person"') ? (JSON.parse(metadata) as EventMetadata).person : undefined;
}

function contextOf(orderId: string, type: string): string {
  return `${orderId}\n${type}`;
}
