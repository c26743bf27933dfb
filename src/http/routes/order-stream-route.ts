import type { Context } from 'koa';
import { orderPartition } from '../../orders/values/partition.js';
import type { ChangeFeed } from '../../queries/change-feed.js';
import type { Change } from '../../queries/read-changes.js';
import { insufficientScope, ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { onlyUser } from '../middleware/authorize.js';
import { queryParameters } from '../request/query-parameters.js';
import type { EventStream } from '../response/event-streams.js';
import { notAcceptable } from '../response/respond.js';
import type { Service } from './dependencies.js';
import type { AddRoute } from './router.js';

/** GET /orders/stream: every change of the orders that a reader asks for, as it becomes visible to queries. */
export function orderStreamRoute(route: AddRoute, service: Service): void {
  const { changes, models, streams } = service;

  route('streamOrders', async (ctx) => {
    const query = queryParameters<{ order_id?: string; user_id?: string }>(ctx, 'stream');
    if (!ctx.accepts('text/event-stream')) throw notAcceptable();
    const own = onlyUser(ctx);
    if (own !== undefined && (query.user_id ?? own) !== own) throw insufficientScope(['orders:read']);
    const user = own ?? query.user_id;
    const orderId = query.order_id?.toLowerCase();
    const isWanted = (change: Change) =>
      (orderId === undefined || change.orderId === orderId) && (user === undefined || change.userId === user);

    const followed =
      orderId === undefined
        ? Array.from({ length: models.partitions }, (_, partition) => partition)
        : [orderPartition(orderId, models.partitions)];
    const given = givenCursor(ctx, models.keys.log, followed);
    const unfollow = await changes.follow();
    const cursor = given ?? new Map(followed.map((partition) => [partition, changes.head(partition)]));
    let stream: EventStream;
    try {
      stream = streams.open(ctx);
    } catch (error) {
      unfollow();
      throw error;
    }
    void follow(changes, stream, cursor, isWanted, models.keys.log)
      .catch((error: unknown) => {
        // The reader comes back with the id that it got to.
        service.log.debug({ error: String(error) }, 'a stream of changes ended: Redis did not answer');
        stream.end();
      })
      .finally(unfollow);
  });
}

async function follow(
  feed: ChangeFeed,
  stream: EventStream,
  cursor: Map<number, number>,
  isWanted: (change: Change) => boolean,
  log: string,
): Promise<void> {
  // Whoever loses the connection before the first change goes on from here, too.
  stream.send({ id: encodeCursor(log, cursor) });
  let passedOver = 0;
  while (!stream.closed.aborted) {
    let moved = false;
    let isBehind = false;
    for (const [partition, position] of cursor) {
      if (position >= feed.head(partition)) continue;
      isBehind = true;
      const { changes, upTo } = await feed.after(partition, position);
      for (const change of changes) {
        cursor.set(partition, change.position);
        if (!isWanted(change)) passedOver += 1;
        else {
          await stream.sendWhenRoom({ id: encodeCursor(log, cursor), data: change.json });
          passedOver = 0;
        }
      }
      cursor.set(partition, upTo);
      moved ||= upTo > position;
    }
    // So that who comes back need not pass over the same changes of others again.
    if (passedOver >= limits.maxPassedOver) {
      await stream.sendWhenRoom({ id: encodeCursor(log, cursor) });
      passedOver = 0;
    }
    // Behind and yet not moved: the read model is being built anew, and has yet to get to where it was.
    if (!moved) await feed.moved(stream.closed, isBehind ? limits.eventStreamRetryMs : undefined);
  }
}

/** A message's id: where the reader is in each partition that it follows, and in which log. */
function encodeCursor(log: string, cursor: ReadonlyMap<number, number>): string {
  const [[first, position] = [0, 0]] = cursor;
  if (cursor.size === 1) return `${log}-${first}:${position.toString(36)}`;
  return `${log}-${[...cursor.values()].map((one) => one.toString(36)).join('.')}`;
}

/** The cursor of Last-Event-ID. Throws ProblemError where it is not one of this stream. */
function givenCursor(ctx: Context, log: string, followed: readonly number[]): Map<number, number> | undefined {
  const header = ctx.get('last-event-id');
  if (header === '') return undefined;
  const [, ofLog, partition, positions = ''] = /^(\w+)-(?:(\d+):)?([0-9a-z.]+)$/.exec(header) ?? [];
  const numbers = positions.split('.').map((text) => Number.parseInt(text, 36));
  const fits =
    ofLog === log &&
    numbers.length === followed.length &&
    numbers.every((one) => Number.isSafeInteger(one)) &&
    (followed.length > 1 ? partition === undefined : partition === undefined || Number(partition) === followed[0]);
  if (!fits) {
    throw new ProblemError(
      problem(
        'invalid-header',
        'Last-Event-ID has to be the id of a message of this very stream, with the same filters.',
      ),
    );
  }
  return new Map(followed.map((one, index) => [one, numbers[index] ?? 0]));
}
