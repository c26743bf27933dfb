import { expect } from 'chai';
import type { Context } from 'koa';
import { httpLimits } from '../../../src/http/limits.js';
import { createHeavyQueries } from '../../../src/http/middleware/heavy-queries.js';
import { createPlaces } from '../../../src/http/middleware/in-flight-requests.js';
import type { RunWhenRoom } from '../../../src/http/request/request-budgets.js';
import { callerOf, requestContext } from '../../../src/http/request/request-context.js';
import { queryRoutes } from '../../../src/http/routes/query-routes.js';
import type { ReadModels } from '../../../src/queries/live-generation.js';
import { eventually } from '../../support/servers.js';
import { startTestApp } from '../../support/test-app.js';

/** The status and the body; undefined if the connection was closed. */
type Answer = readonly [status: number, body: string] | undefined;

describe('A series of figures that several requests share', () => {
  const path = '/orders/metrics?interval=day';

  function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { opened, open: () => open() };
  }

  /**
   * Lets two requests share a run that waits for its place, while an earlier run is in flight.
   * @param spoil is called with the request that the run belongs to, before the run begins.
   */
  async function share(spoil: (ctx: Context) => void): Promise<{ readonly first: Answer; readonly second: Answer }> {
    const [earlier, places] = [gate(), gate()];
    const run = createHeavyQueries();
    let runs = 0;
    // The earlier run fills all places, and ends when it is told to. The next one waits for a
    // place.
    const runHeavyQuery = ((ctx, weight, _task, options) => {
      runs += 1;
      if (runs === 1) {
        void run(ctx, httpLimits.maxHeavyQueryWeight, () => places.opened);
        return earlier.opened.then(() => '{"run":1}');
      }
      const result = run(ctx, weight, async () => '{"run":2}', options);
      spoil(ctx);
      return result;
    }) as RunWhenRoom;
    const unused = () => expect.fail('this is not asked for');
    const app = await startTestApp((route) =>
      queryRoutes(route, {
        models: { projections: [], partitions: 4 } as unknown as ReadModels,
        applied: { wait: unused, reached: unused },
        continuity: { compare: unused, assertIntact: () => undefined },
        places: createPlaces(),
        readHeads: unused,
        defaultCurrency: 'EUR',
        defaultTimeZone: 'UTC',
        runHeavyQuery,
      }),
    );
    const get = async (): Promise<Answer> => {
      try {
        const response = await fetch(app.url + path);
        return [response.status, await response.text()];
      } catch {
        return undefined;
      }
    };
    // Earlier requests have arrived once a later one is answered.
    const arrived = async () => (await fetch(`${app.url}/orders/metrics?interval=none`)).arrayBuffer();
    const before = get();
    await eventually('the earlier run', () => runs === 1);
    const first = get();
    await arrived();
    const second = get();
    await arrived();
    earlier.open();
    expect(await before).to.deep.equal([200, '{"run":1}']);
    await eventually('the shared run', () => runs === 2);
    await arrived();
    places.open();
    const answers = { first: await first, second: await second };
    await app.stop();
    return answers;
  }

  it('is read for the others if the client of the first one disconnects while it waits', async () => {
    const { first, second } = await share((ctx) => ctx.req.socket.destroy());
    expect(first).to.equal(undefined);
    expect(second).to.deep.equal([200, '{"run":2}']);
  });

  it('is read for the others, and not for the first one, if the key of that is revoked while it waits', async () => {
    const { first, second } = await share((ctx) => {
      const request = requestContext(ctx);
      request.caller = { ...callerOf(ctx), isAuthorized: () => false };
    });
    expect(first?.[0]).to.equal(401);
    expect(second).to.deep.equal([200, '{"run":2}']);
  });
});
