import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import Koa, { type Context } from 'koa';
import { ProblemError, problem } from '../../../src/http/contract/problems.js';
import { createPlaces } from '../../../src/http/middleware/in-flight-requests.js';
import { atPosition } from '../../../src/http/routes/at-position.js';
import { historyOfOrder } from '../../../src/http/routes/history-of-order.js';
import { AppliedPositions } from '../../../src/queries/applied-positions.js';
import { lookUpServed } from '../../../src/queries/live-generation.js';
import { orderStatus } from '../../../src/read-models/order-status.js';
import { createRedis, createRedisSubscriber, type Redis } from '../../../src/read-models/redis/redis-client.js';
import { appender, orderIdIn, place, startProjector } from '../../support/events.js';
import { projected, queriesOf } from '../../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

describe('Min-Event-Position', () => {
  let log: TestLog;
  let redis: Redis;
  let subscriber: Redis;
  let applied: AppliedPositions;
  let server: Server;
  /** Runs while a request is answered. */
  let query: () => Promise<string>;
  let get: () => Promise<string>;
  let dependencies: Parameters<typeof atPosition>[1];
  const placed = orderIdIn(0, 1);

  before(async () => {
    log = await createTestLog(1);
    for (const orderId of [placed, orderIdIn(0, 1)]) await place(appender(log), orderId);
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    redis = createRedis(log.redisUrl);
    subscriber = createRedisSubscriber(log.redisUrl);
    const models = { ...queriesOf(log), redis };
    applied = new AppliedPositions(models, subscriber);
    dependencies = {
      models,
      applied,
      places: createPlaces(),
      readHeads: () => Promise.resolve(undefined),
      continuity: { assertIntact: () => undefined, compare: () => Promise.resolve() },
    };
    const app = new Koa().use(async (ctx) => {
      try {
        ctx.body = await atPosition(ctx, dependencies, [orderStatus], () => query());
      } catch (error) {
        ctx.body = error instanceof ProblemError ? error.problem.type : String(error);
      }
    });
    server = createServer(app.callback()).listen(0, '127.0.0.1');
    await eventually('the server to listen', () => server.address() !== null);
    const { port } = server.address() as AddressInfo;
    get = async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { 'min-event-position': '0:2' } })).text();
  });

  after(async () => {
    server?.close();
    applied?.close();
    redis?.disconnect();
    subscriber?.disconnect();
    await log?.close();
  });

  const found = async () => 'found';
  const notFound = async () => {
    throw new ProblemError(problem('order-not-found', 'There is no such order.'));
  };
  const kept = ['found', 'order-not-found'];

  it('a query that reads what the position needs gets its answer', async () => {
    query = found;
    expect(await get()).to.equal(kept[0]);
    query = notFound;
    expect(await get()).to.match(/order-not-found$/);
  });

  it('a caller whose key is revoked while the query waits for the position gets no answer', async () => {
    let isAuthorized = true;
    const ctx = {
      req: { headers: { 'min-event-position': '0:2' }, socket: {} },
      state: {
        request: { owner: 'a', caller: { isAuthorized: () => isAuthorized } },
        place: { leave: () => undefined, enterAgain: () => undefined },
      },
    } as unknown as Context;
    const reached = async (_: unknown, __: number, ___: number, waitMs: number) => {
      if (waitMs === 0) return false;
      isAuthorized = false;
      return true;
    };
    const waiting = { ...dependencies, applied: { wait: async () => true, reached } };
    const answer = await atPosition(ctx, waiting, [orderStatus], found).catch((error: Error) => error);
    expect(String(answer)).to.match(/expired, was revoked/);
  });

  it('a history that lacks an order that is shown, and does not get it, is not a 404', async () => {
    const ctx = { req: { headers: {}, socket: {} }, state: {} } as unknown as Context;
    const nothing = async () => undefined;
    const typeOf = async (orderId: string, needed: number) => {
      const refused = await historyOfOrder(ctx, dependencies, orderId, needed, nothing).catch((error: Error) => error);
      return (refused as ProblemError).problem.type;
    };
    expect(await typeOf(placed, 1)).to.match(/position-not-reached$/);
    expect(await typeOf(placed, 2)).to.match(/order-version-not-found$/);
    expect(await typeOf(orderIdIn(0, 1), 1)).to.match(/order-not-found$/);
  });

  for (const [nth, answer] of [found, notFound].entries()) {
    it(`an answer is withheld if Redis came back without the position while it was read: ${kept[nth]}`, async () => {
      const { reader } = await lookUpServed(queriesOf(log), orderStatus);
      const key = log.keys.checkpoint(reader.id, 0);
      const checkpoint = (await log.redis.get(key)) ?? expect.fail('no checkpoint');
      query = async () => {
        await log.redis.set(key, checkpoint.replace(/^2/, '1'));
        return answer();
      };
      expect(await get()).to.match(/position-not-reached$/);
      await log.redis.set(key, checkpoint);
    });

    it(`an answer is withheld if the connection to Redis was lost while it was read: ${kept[nth]}`, async () => {
      query = async () => {
        // The projector may have repeated the position by the time it is looked at again.
        redis.disconnect(true);
        await eventually('the new connection', () => redis.status === 'ready');
        return answer();
      };
      expect(await get()).to.match(/position-not-reached$/);
    });
  }
});
