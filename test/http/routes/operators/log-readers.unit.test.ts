import { expect } from 'chai';
import { httpLimits } from '../../../../src/http/limits.js';
import { createHeavyQueries, createLogQueries, queryWeights } from '../../../../src/http/middleware/heavy-queries.js';
import { createPlaces } from '../../../../src/http/middleware/in-flight-requests.js';
import { type HistoryDependencies, historyRoute } from '../../../../src/http/routes/history-route.js';
import { logRoutes } from '../../../../src/http/routes/operators/log-routes.js';
import type { ReadModels } from '../../../../src/queries/live-generation.js';
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
        runLogQuery: createLogQueries(),
        models: { partitions: 4 },
        runs: { verify: unused, verifications: unused, cancelVerification: unused },
        audit: undefined,
        lastCheckpointAt: unused,
      }),
    );
    const queries = [
      'partition=1',
      'partition=2&at=2026-01-01T00:00:00Z',
      'order_id=018f0000-0000-7000-8000-000000000001',
    ];
    const responses = Array.from({ length: 12 }, (_, nth) => fetch(`${app.url}/audit/events?${queries[nth % 3]}`));
    const atOnce = httpLimits.maxLogQueryWeight / queryWeights.page;
    await eventually('the first pages', () => reading === atOnce);
    // All requests have arrived once a later one is answered.
    await fetch(`${app.url}/audit/events?partition=9`);
    expect(reading).to.equal(atOnce);
    release();
    for (const response of await Promise.all(responses)) expect(response.status).to.equal(200);
    await app.stop();
  });

  for (const [what, partOf] of [
    ['the beginnings of proofs', 'beginning'],
    ['the later parts of proofs', 'rest'],
  ] as const) {
    it(`share their places with ${what}, which read the log too`, async () => {
      let reading = 0;
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const read = async (part: typeof partOf) => {
        if (part !== partOf) return;
        reading += 1;
        await released;
      };
      async function* proof() {
        yield '{';
        await read('rest');
        yield '}';
      }
      const unused = () => expect.fail('this is not asked for');
      const app = await startTestApp((route) => {
        historyRoute(route, {
          models: { projections: [], partitions: 4 } as unknown as ReadModels,
          applied: { wait: unused, reached: unused },
          places: createPlaces(),
          readHeads: unused,
          continuity: { compare: unused, assertIntact: () => undefined },
          runHeavyQuery: createHeavyQueries(),
          runLogQuery: createLogQueries(),
          audit: {
            signedCheckpoint: unused,
            noteTaken: unused,
            publicKeys: [],
            proof: async () => {
              await read('beginning');
              return proof();
            },
          },
        } as HistoryDependencies);
      });
      const path = '/orders/018f0000-0000-7000-8000-000000000001/history';
      const responses = Array.from({ length: 12 }, () =>
        fetch(`${app.url}${path}?proof=true`).then((response) => response.text()),
      );
      const atOnce = httpLimits.maxLogQueryWeight / queryWeights.page;
      await eventually('the first proofs', () => reading === atOnce);
      // All requests have arrived once a later one is answered.
      await fetch(`${app.url}${path}?after=none`);
      expect(reading).to.equal(atOnce);
      release();
      for (const text of await Promise.all(responses)) expect(text).to.equal('{}');
      await app.stop();
    });
  }

  it('that fill their places do not block other heavy queries, and the other way round', async () => {
    const [runLogQuery, runHeavyQuery] = [createLogQueries(), createHeavyQueries()];
    const blocked: (() => void)[] = [];
    const block = () => new Promise<void>((resolve) => blocked.push(resolve));
    const unused = () => expect.fail('this is not asked for');
    let isBlocked: (query: 'log' | 'orders') => boolean = () => true;
    const read = async () => {
      if (isBlocked('log')) await block();
      return { events: [], head: null, next_after: null };
    };
    const app = await startTestApp((route) => {
      logRoutes(route, {
        browseLog: { partition: read, stream: unused, positionAt: unused },
        runLogQuery,
        models: { partitions: 4 },
        runs: { verify: unused, verifications: unused, cancelVerification: unused },
        audit: undefined,
        lastCheckpointAt: unused,
      });
      route('listOrders', async (ctx) => {
        ctx.body = await runHeavyQuery(ctx, queryWeights.page, async () => {
          if (isBlocked('orders')) await block();
          return {};
        });
      });
    });
    const paths = { log: '/audit/events?partition=1', orders: '/orders' };
    for (const [full, other, places] of [
      ['log', 'orders', httpLimits.maxLogQueryWeight],
      ['orders', 'log', httpLimits.maxHeavyQueryWeight],
    ] as const) {
      isBlocked = (query) => query === full;
      const waiting = Array.from({ length: places }, () => fetch(app.url + paths[full]));
      await eventually('all places to be taken', () => blocked.length === places / queryWeights.page);
      expect((await fetch(app.url + paths[other])).status, `${other} beside ${full}`).to.equal(200);
      isBlocked = () => false;
      for (const release of blocked.splice(0)) release();
      for (const response of await Promise.all(waiting)) expect(response.status).to.equal(200);
    }
    await app.stop();
  });
});
