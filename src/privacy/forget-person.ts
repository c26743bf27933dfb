import type { AppendEvents } from '../event-log/append/append.js';
import type { Pool } from '../event-log/database.js';
import { keyReservationType } from '../event-log/key-reservation.js';
import { appendAtEnd } from '../event-log/operators/append-at-end.js';
import { recordOperatorEvent } from '../event-log/operators/operator-events.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import type { EventMetadata } from '../orders/events.js';
import { privacyLimits as limits } from './limits.js';
import type { PersonKeys } from './person-keys.js';

export interface ForgetDeps {
  readonly pool: Pool;
  readonly partitions: number;
  readonly personKeys: PersonKeys;
  readonly readStream: ReadStream;
  readonly append: AppendEvents;
  /** Called after each page of the log, with the number of events that were searched so far. */
  readonly onProgress?: (searched: number) => void;
  /**
   * Removes what others still hold of the person, once every order has its erasure in the log.
   * It runs before the end of the forgetting is recorded, so that a repetition runs it again.
   */
  readonly removeElsewhere?: () => Promise<void>;
}

// $1 partition, $2 the position that the page begins after, $3 the number of events, $4 the
// person's id. Called by ordersOfPerson below.
// Takes no lock. It reads one page of the partition by its primary key, so that its time is bounded
// whatever the length of the log; an index for it would make every append slower. It looks at all
// versions, since an order that was placed before personal data was sealed may have sealed notes.
// It compares text: PostgreSQL's JSON operators fail on metadata with U+0000 or a lone surrogate,
// which subjects of tokens once could have. Inside a JSON string a quote has a backslash before it,
// so only the member "person" contains this text.
const pageOfPersonSql = `
  with page as (
    select e."position", e.order_id, e.type, e.metadata::text as metadata from events e
    where e.partition = $1 and e."position" > $2 order by e."position" limit $3
  )
  select count(*)::int as events, max("position") as last,
    array_agg(distinct order_id) filter (
      where strpos(metadata, '"person":"' || $4::text || '"') > 0 and type <> '${keyReservationType}'
    ) as order_ids
  from page`;

interface Page {
  readonly events: number;
  readonly last: number | null;
  readonly order_ids: readonly string[] | null;
}

/**
 * Forgets a person, in these steps:
 *
 * 1. destroys their key, so that the data it sealed can never be read again;
 * 2. appends OrderPersonErased to each of their orders, so that the read models show the erasure;
 * 3. removes what others still hold (`removeElsewhere`);
 * 4. appends the operator event PersonForgotten, which records the reason;
 * 5. removes the link from the user to the person.
 *
 * If it is interrupted at any point, repeating it completes it. Returns the person's id and the
 * number of their orders; undefined if nothing is sealed for this user.
 */
export async function forgetPerson(
  deps: ForgetDeps,
  userId: string,
  reason: string,
  actor: string,
): Promise<{ person: string; orders: number } | undefined> {
  const { personKeys, readStream, append } = deps;
  const person = await personKeys.destroy(userId);
  if (person === undefined) return undefined;
  // Until then, any process may still have the key in memory, seal new orders with it and open
  // events. An append of unknown outcome could be sent again later, so it is checked before: it is
  // not sent again once the key is destroyed (see settle-outcomes.ts). If one arrives later all the
  // same, its order lacks the erasure in its history, and its personal data opens nowhere.
  await new Promise((resolve) => setTimeout(resolve, 2 * limits.keyCacheMs));
  let orders = 0;
  for await (const orderIds of ordersOfPerson(deps, person)) {
    await Promise.all(orderIds.map((orderId) => eraseInOrder(readStream, append, orderId, actor)));
    orders += orderIds.length;
  }
  await deps.removeElsewhere?.();
  await recordOperatorEvent(readStream, append, { type: 'PersonForgotten', data: { person, orders, reason } }, actor);
  await personKeys.finish(person);
  return { person, orders };
}

/**
 * Counts the orders that forgetting a user would change, and changes nothing. Undefined if nothing
 * is sealed for this user.
 */
export async function countOrdersOfUser(
  deps: Pick<ForgetDeps, 'pool' | 'partitions' | 'personKeys' | 'onProgress'>,
  userId: string,
): Promise<{ person: string; orders: number } | undefined> {
  const person = await deps.personKeys.find(userId);
  if (person === undefined) return undefined;
  let orders = 0;
  for await (const orderIds of ordersOfPerson(deps, person)) orders += orderIds.length;
  return { person, orders };
}

/** Yields the ids of a person's orders, each once, in groups of up to `maxErasuresInFlight`. */
async function* ordersOfPerson(
  { pool, partitions, onProgress }: Pick<ForgetDeps, 'pool' | 'partitions' | 'onProgress'>,
  person: string,
): AsyncGenerator<readonly string[]> {
  let searched = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    // An order's events are all in one partition, but not all on one page.
    const known = new Set<string>();
    let page = await readPage(pool, partition, 0, person);
    for (; page.last !== null; page = await readPage(pool, partition, page.last, person)) {
      const found = (page.order_ids ?? []).filter((id) => !known.has(id));
      for (const id of found) known.add(id);
      for (let first = 0; first < found.length; first += limits.maxErasuresInFlight) {
        yield found.slice(first, first + limits.maxErasuresInFlight);
      }
      searched += page.events;
      onProgress?.(searched);
    }
  }
}

async function readPage(pool: Pool, partition: number, after: number, person: string): Promise<Page> {
  const { rows } = await pool.query<Page>({
    name: 'page-of-person',
    text: pageOfPersonSql,
    values: [partition, after, limits.maxSearchedEvents, person],
  });
  return rows[0] ?? { events: 0, last: null, order_ids: null };
}

async function eraseInOrder(
  readStream: ReadStream,
  append: AppendEvents,
  orderId: string,
  actor: string,
): Promise<void> {
  const metadata: EventMetadata = { schema: 1, actor };
  await appendAtEnd(readStream, append, orderId, (types) =>
    types.has('OrderPersonErased')
      ? undefined
      : {
          type: 'OrderPersonErased',
          data: '{}',
          metadata: JSON.stringify(metadata),
          occurredAt: new Date().toISOString(),
        },
  );
}
