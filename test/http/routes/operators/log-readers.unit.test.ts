import { expect } from 'chai';
import { httpLimits } from '../../../../src/http/limits.js';
import { createHeavyQueries, queryWeights } from '../../../../src/http/middleware/heavy-queries.js';
import { logRoutes } from '../../../../src/http/routes/operators/log-routes.js';
import { eventually } from '../../../support/servers.js';
import { startTestApp } from '../../../support/test-app.js';

describe('pages of the log', () => {
  it('are read a few at once, whether of a partition, a time or a stream; the others wait', async () => {
    let reading = 0;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const read = async () => {
      reading += 1;
      await released;
      return { events: [], head: null, next_after: null };
    };
    const unused = () => expect.fail('this is not asked for');
    const app = await startTestApp((route) =>
      logRoutes(route, {
        browseLog: { partition: read, stream: read, positionAt: async () => (await read()).events.length },
        runHeavyQuery: createHeavyQueries(),
        models: { partitions: 4 },
        runs: { verify: unused, verifications: unused, cancelVerification: unused },
        audit: undefined,
      }),
    );
    const queries = [
      'partition=1',
      'partition=2&at=2026-01-01T00:00:00Z',
      'order_id=018f0000-0000-7000-8000-000000000001',
    ];
    const responses = Array.from({ length: 12 }, (_, nth) => fetch(`${app.url}/audit/events?${queries[nth % 3]}`));
    const atOnce = httpLimits.maxHeavyQueryWeight / queryWeights.page;
    await eventually('the first pages', () => reading === atOnce);
    // All requests have arrived once a later one is answered.
    await fetch(`${app.url}/audit/events?partition=9`);
    expect(reading).to.equal(atOnce);
    release();
    for (const response of await Promise.all(responses)) expect(response.status).to.equal(200);
    await app.stop();
  });
});
