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
}

// $1 partition, $2 the person's id.
// Takes no lock, and scans the whole partition: forgetting is rare, and an index would make every
// append slower. It looks at all versions, since an order that was placed before personal data was
// sealed may have sealed notes.
// It compares text: PostgreSQL's JSON operators fail on metadata with U+0000 or a lone surrogate,
// which subjects of tokens once could have. Inside a JSON string a quote has a backslash before it,
// so only the member "person" contains this text.
const ordersOfPersonSql = `
  select distinct e.order_id from events e
  where e.partition = $1 and strpos(e.metadata::text, '"person":"' || $2::text || '"') > 0
    and e.type <> '${keyReservationType}'`;

/**
 * Forgets a person, in these steps:
 *
 * 1. destroys their key, so that the data it sealed can never be read again;
 * 2. appends OrderPersonErased to each of their orders, so that the read models show the erasure;
 * 3. appends the operator event PersonForgotten, which records the reason;
 * 4. removes the link from the user to the person.
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
  const { pool, partitions, personKeys, readStream, append } = deps;
  const person = await personKeys.destroy(userId);
  if (person === undefined) return undefined;
  // Until then, any process may still have the key in memory, seal new orders with it and open
  // events.
  await new Promise((resolve) => setTimeout(resolve, 2 * limits.keyCacheMs));
  let orders = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    const { rows } = await pool.query<{ order_id: string }>(ordersOfPersonSql, [partition, person]);
    for (const { order_id: orderId } of rows) {
      await eraseInOrder(readStream, append, orderId, actor);
      orders += 1;
    }
  }
  await recordOperatorEvent(readStream, append, { type: 'PersonForgotten', data: { person, orders, reason } }, actor);
  await personKeys.finish(person);
  return { person, orders };
}

async function eraseInOrder(
  readStream: ReadStream,
  append: AppendEvents,
  orderId: string,
  actor: string,
): Promise<void> {
  const metadata: EventMetadata = { schema: 1, actor };
  await appendAtEnd(readStream, append, orderId, (stream) =>
    stream.some(({ type }) => type === 'OrderPersonErased')
      ? undefined
      : {
          type: 'OrderPersonErased',
          data: '{}',
          metadata: JSON.stringify(metadata),
          occurredAt: new Date().toISOString(),
        },
  );
}
