import { connect } from 'node:net';
import { expect } from 'chai';
import { httpLimits } from '../../../src/http/limits.js';
import { createHeavyQueries } from '../../../src/http/middleware/heavy-queries.js';
import { createPlaces } from '../../../src/http/middleware/in-flight-requests.js';
import type { RunWhenRoom } from '../../../src/http/request/request-budgets.js';
import { queryRoutes } from '../../../src/http/routes/query-routes.js';
import type { ReadModels } from '../../../src/queries/live-generation.js';
import { eventually } from '../../support/servers.js';
import { startTestApp } from '../../support/test-app.js';

describe('A series of figures that several requests share', () => {
  it('is read for the others if the client of the first one disconnects while it waits', async () => {
    const gate = () => {
      let open: () => void = () => undefined;
      const opened = new Promise<void>((resolve) => {
        open = resolve;
      });
      return { opened, open: () => open() };
    };
    const [earlier, places] = [gate(), gate()];
    const run = createHeavyQueries();
    let runs = 0;
    // The first run fills all places, and ends when it is told to. The next one waits for a place.
    const runHeavyQuery = ((ctx, weight, _task, options) => {
      runs += 1;
      if (runs > 1) return run(ctx, weight, async () => '{"run":2}', options);
      void run(ctx, httpLimits.maxHeavyQueryWeight, () => places.opened);
      return earlier.opened.then(() => '{"run":1}');
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
    const path = '/orders/metrics?interval=day';
    // Earlier requests have arrived once a later one is answered.
    const arrived = async () => (await fetch(`${app.url}/orders/metrics?interval=none`)).arrayBuffer();
    const first = fetch(app.url + path);
    await eventually('the first run', () => runs === 1);
    const leaving = connect(app.port, '127.0.0.1');
    leaving.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await arrived();
    const staying = fetch(app.url + path);
    await arrived();
    leaving.destroy();
    earlier.open();
    expect(await (await first).text()).to.equal('{"run":1}');
    await eventually('the second run', () => runs === 2);
    await arrived();
    places.open();
    const response = await staying;
    expect([response.status, await response.text()]).to.deep.equal([200, '{"run":2}']);
    await app.stop();
  });
});
