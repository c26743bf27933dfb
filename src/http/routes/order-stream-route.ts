import { orderPartition } from '../../orders/values/partition.js';
import { canonicalUuid } from '../../orders/values/uuid.js';
import type { ChangeFeed } from '../../queries/changes/change-feed.js';
import type { Change } from '../../queries/changes/read-changes.js';
import { encodeCursor, type LostRange, parseCursor, resume } from '../../queries/changes/stream-cursor.js';
import { insufficientScope, problem } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { httpLimits as limits } from '../limits.js';
import { onlyUser } from '../middleware/authorize.js';
import { checkEpoch } from '../request/event-positions.js';
import { queryParameters } from '../request/query-parameters.js';
import { callerOf } from '../request/request-context.js';
import type { EventStream } from '../response/event-streams.js';
import { notAcceptable } from '../response/respond.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

type StreamDependencies = Pick<HttpDependencies, 'changes' | 'continuity' | 'models' | 'streams' | 'log'>;

/** GET /orders/stream: changes of orders, as they become visible to queries. */
export function orderStreamRoute(route: AddRoute, dependencies: StreamDependencies): void {
  const { changes, continuity, models, streams, log } = dependencies;
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
    const given = lastEventId === '' ? undefined : parseCursor(lastEventId, models.keys.log, partitions);
    if (given) await checkEpoch(models.epochs, continuity, given.epoch);
    const resumed = given && resume(models.epochs, given);
    const unfollow = await changes.follow();
    const cursor = new Map(resumed?.cursor ?? partitions.map((partition) => [partition, changes.head(partition)]));
    let stream: EventStream;
    try {
      stream = streams.open(ctx);
    } catch (error) {
      unfollow();
      throw error;
    }
    // EventSource would give up on another status, and send the same id again with each attempt.
    if (lastEventId !== '' && !resumed) stream.send({ event: 'reset', data: JSON.stringify(unknownId) });
    const id = encodeCursor(models.keys.log, cursor);
    // A reader that loses its connection before the first change also resumes from here.
    if (resumed === undefined || resumed.lost.length === 0) stream.send({ id });
    else stream.send({ event: 'reset', id, data: JSON.stringify(resetOf(models.epochs.current, resumed.lost)) });
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
  cursor: Map<number, number>,
  isWanted: (change: Change) => boolean,
  log: string,
): Promise<void> {
  let skipped = 0;
  while (!stream.closed.aborted) {
    let moved = false;
    let isBehind = false;
    for (const [partition, position] of cursor) {
      if (position >= feed.head(partition)) continue;
      isBehind = true;
      const { changes, upTo } = await feed.after(partition, position);
      const release = stream.hold(changes.map(({ json }) => json));
      try {
        for (const change of changes) {
          cursor.set(partition, change.position);
          if (!isWanted(change)) skipped += 1;
          else {
            await stream.sendWhenRoom({ id: encodeCursor(log, cursor), data: change.json });
            skipped = 0;
          }
        }
      } finally {
        release();
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

/** Sent to a reader with an id of another log or of other filters. */
const unknownId = problem(
  'invalid-header',
  'Last-Event-ID is not the id of a message of this stream with these filters. Read the orders again: ' +
    'changes may have been missed.',
);

/** The data of a reset message: the reader has received events that were lost. */
function resetOf(epoch: string, lost: readonly LostRange[]) {
  const detail =
    'Events that were sent earlier were lost in a restore or a failover. Discard what came from them: the stream ' +
    'continues after the last event that still holds.';
  return { ...problem('position-lost', detail), epoch, lost };
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
