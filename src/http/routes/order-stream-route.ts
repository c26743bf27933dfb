import { orderPartition } from '../../orders/values/partition.js';
import { canonicalUuid } from '../../orders/values/uuid.js';
import type { ChangeFeed } from '../../queries/changes/change-feed.js';
import type { Change } from '../../queries/changes/read-changes.js';
import { insufficientScope, problem } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { httpLimits as limits } from '../limits.js';
import { onlyUser } from '../middleware/authorize.js';
import { queryParameters } from '../request/query-parameters.js';
import { callerOf } from '../request/request-context.js';
import type { EventStream } from '../response/event-streams.js';
import { notAcceptable } from '../response/respond.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

type StreamDependencies = Pick<HttpDependencies, 'changes' | 'models' | 'streams' | 'log'>;

/** The last position sent to the reader, by partition. */
type Cursor = Map<number, number>;

/** GET /orders/stream: changes of orders, as they become visible to queries. */
export function orderStreamRoute(route: AddRoute, { changes, models, streams, log }: StreamDependencies): void {
  route('streamOrders', async (ctx) => {
    const query = queryParameters(ctx, 'stream');
    if (!ctx.accepts('text/event-stream')) throw notAcceptable();
    const own = onlyUser(ctx);
    if (own !== undefined && (query.user_id ?? own) !== own) throw insufficientScope(['orders:read']);
    const user = own ?? query.user_id;
    const orderId = query.order_id === undefined ? undefined : canonicalUuid(query.order_id);
    const isWanted = (change: Change) =>
      (orderId === undefined || change.orderId === orderId) && (user === undefined || change.userId === user);

    const partitions =
      orderId === undefined
        ? Array.from({ length: models.partitions }, (_, partition) => partition)
        : [orderPartition(orderId, models.partitions)];
    const lastEventId = ctx.get('last-event-id') || (query.last_event_id ?? '');
    const resumed = lastEventId === '' ? undefined : parseCursor(lastEventId, models.keys.log, partitions);
    const unfollow = await changes.follow();
    const cursor = resumed ?? new Map(partitions.map((partition) => [partition, changes.head(partition)]));
    let stream: EventStream;
    try {
      stream = streams.open(ctx);
    } catch (error) {
      unfollow();
      throw error;
    }
    // EventSource would give up on another status, and send the same id again with each attempt.
    if (lastEventId !== '' && !resumed) stream.send({ event: 'reset', data: JSON.stringify(unknownId) });
    void sendChanges(changes, stream, cursor, isWanted, models.keys.log)
      .catch((error: unknown) => {
        // The reader reconnects with the id of the last message that it received.
        log.debug({ error: String(error) }, 'stream of changes ended: Redis did not respond');
        stream.end();
      })
      .finally(unfollow);
  });
}

async function sendChanges(
  feed: ChangeFeed,
  stream: EventStream,
  cursor: Cursor,
  isWanted: (change: Change) => boolean,
  log: string,
): Promise<void> {
  // A reader that loses its connection before the first change also resumes from here.
  stream.send({ id: encodeCursor(log, cursor) });
  let skipped = 0;
  while (!stream.closed.aborted) {
    let moved = false;
    let isBehind = false;
    for (const [partition, position] of cursor) {
      if (position >= feed.head(partition)) continue;
      isBehind = true;
      const { changes, upTo } = await feed.after(partition, position);
      for (const change of changes) {
        cursor.set(partition, change.position);
        if (!isWanted(change)) skipped += 1;
        else {
          await stream.sendWhenRoom({ id: encodeCursor(log, cursor), data: change.json });
          skipped = 0;
        }
      }
      cursor.set(partition, upTo);
      moved ||= upTo > position;
    }
    // A reader that reconnects then does not skip the same changes again.
    if (skipped >= limits.maxSkippedChanges) {
      await stream.sendWhenRoom({ id: encodeCursor(log, cursor) });
      skipped = 0;
    }
    // Behind but not moved: the read model is being rebuilt and has not reached the cursor yet.
    if (!moved) await feed.moved(stream.closed, isBehind ? limits.eventStreamRetryMs : undefined);
  }
}

/** The cursor as the id of a message: the log, and the position in each partition. */
function encodeCursor(log: string, cursor: ReadonlyMap<number, number>): string {
  const [[first, position] = [0, 0]] = cursor;
  if (cursor.size === 1) return `${log}-${first}:${position.toString(36)}`;
  return `${log}-${[...cursor.values()].map((one) => one.toString(36)).join('.')}`;
}

/** Sent to a reader with an id of another log or of other filters. */
const unknownId = problem(
  'invalid-header',
  'Last-Event-ID is not the id of a message of this stream with these filters. Read the orders again: ' +
    'changes may have been missed.',
);

/** The cursor of a message's id. Undefined if the id does not belong to this stream. */
function parseCursor(id: string, log: string, partitions: readonly number[]): Cursor | undefined {
  const [, ofLog, partition, positions = ''] = /^(\w+)-(?:(\d+):)?([0-9a-z.]+)$/.exec(id) ?? [];
  const numbers = positions.split('.').map((text) => Number.parseInt(text, 36));
  const fits =
    ofLog === log &&
    numbers.length === partitions.length &&
    numbers.every((one) => Number.isSafeInteger(one)) &&
    (partitions.length > 1 ? partition === undefined : partition === undefined || Number(partition) === partitions[0]);
  if (!fits) return undefined;
  return new Map(partitions.map((one, index) => [one, numbers[index] ?? 0]));
}

/** POST /streams/tickets: a ticket to open one stream with. */
export function ticketRoute(route: AddRoute, { issueTicket }: Pick<HttpDependencies, 'issueTicket'>): void {
  route('createStreamTicket', async (ctx) => {
    const { ticket, expiresAt } = await issueTicket(callerOf(ctx));
    ctx.status = 201;
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { ticket, expires_at: expiresAt } satisfies ResponseBody<'StreamTicket'>;
  });
}
