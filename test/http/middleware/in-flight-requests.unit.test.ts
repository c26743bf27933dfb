import { expect } from 'chai';
import Koa from 'koa';
import { pino } from 'pino';
import { presumedOwner } from '../../../src/http/middleware/admission.js';
import { InFlightRequests, isAlwaysServed } from '../../../src/http/middleware/in-flight-requests.js';
import { KnownCredentials } from '../../../src/http/middleware/known-credentials.js';
import { shedLoad } from '../../../src/http/middleware/load-shedding.js';
import { createOverloadLog } from '../../../src/http/middleware/overload-log.js';
import { problemResponses } from '../../../src/http/middleware/problem-responses.js';
import { createClientAddresses } from '../../../src/http/request/client-address.js';
import { identifyRequest } from '../../../src/http/request/request-context.js';
import { startHttpServer } from '../../../src/http/server.js';

function admissionOf(inFlight: InFlightRequests) {
  return {
    knownCredentials: new KnownCredentials(),
    addresses: createClientAddresses([]),
    places: { reads: inFlight, writes: inFlight, waits: inFlight },
  };
}

describe('The limit of requests in flight', () => {
  it('one caller cannot use up the places of another, and the places are shared equally', () => {
    const places = new InFlightRequests('requests', 100);
    const leaves: (() => void)[] = [];
    const fill = (owner: string) => {
      let count = 0;
      for (; !places.refuses(owner); count += 1) leaves.push(places.enter(owner));
      return count;
    };
    expect(fill('greedy'), 'alone').to.equal(80);
    expect(fill('modest'), 'the rest').to.equal(20);
    expect(() => places.enter('third')).to.throw(/Too many requests/);
    // The greedy caller sends a new request for each that ends: its part falls to an equal one.
    for (let nth = 0; nth < 200; nth += 1) {
      leaves[nth % 80]?.();
      for (const owner of ['greedy', 'modest', 'third']) {
        if (!places.refuses(owner)) leaves[nth % 80] = places.enter(owner);
      }
    }
    for (const leave of leaves) leave();
    expect(fill('greedy'), 'all places are free again').to.equal(80);
  });

  it('requests beyond the limit of requests in flight get 503 with Retry-After, but health checks do not', async () => {
    const logged: Record<string, unknown>[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line)) });
    const app = new Koa();
    const logOverload = createOverloadLog(log);
    const inFlight = new InFlightRequests('requests', 3);
    const admission = admissionOf(inFlight);
    app.use((ctx, next) => {
      identifyRequest(ctx);
      return next();
    });
    app.use(problemResponses({ log, logOverload, methodsOf: () => [] }));
    app.use((ctx, next) => {
      if (isAlwaysServed(ctx.path)) return next();
      return next().finally(inFlight.enter(presumedOwner(admission, ctx.req)));
    });
    const release: (() => void)[] = [];
    const arrived = new Promise<void>((resolve) => {
      app.use(async (ctx) => {
        if (ctx.path === '/slow') {
          await new Promise<void>((go) => {
            release.push(go);
            if (release.length === 2) resolve();
          });
        }
        ctx.body = 'done';
      });
    });
    const server = await startHttpServer(shedLoad(app.callback(), admission, logOverload), '127.0.0.1', 0);
    try {
      const slow = [fetch(`${server.url}/slow`), fetch(`${server.url}/slow`)];
      await arrived;
      for (let nth = 0; nth < 20; nth += 1) {
        // A cross-origin request goes through the application and gets the same response.
        const headers = { 'x-request-id': `request-${nth}`, ...(nth % 2 ? { origin: 'https://shop.example' } : {}) };
        const response = await fetch(`${server.url}/orders?a=b`, { method: 'POST', body: '{', headers });
        expect([response.status, response.headers.get('retry-after')]).to.deep.equal([503, '1']);
        expect(await response.json()).to.include({
          type: '/problems/overloaded',
          detail: 'Too many requests: the limit is 2.',
          instance: '/orders',
          request_id: `request-${nth}`,
        });
      }
      for (const path of ['/health/live', '/health/ready', '/metrics']) {
        expect((await fetch(server.url + path)).status, path).to.equal(200);
      }
      for (const go of release) go();
      for (const one of slow) expect((await one).status).to.equal(200);
      expect((await fetch(`${server.url}/orders`)).status, 'below the limit again').to.equal(200);
      expect(logged.length, 'fewer log lines than rejected requests').to.be.within(1, 5);
      expect(logged[0]).to.include({ rejected: 1, reason: 'Too many requests: the limit is 2' });
    } finally {
      await server.drain(1_000);
    }
  });

  it('cross-origin requests of browsers are queued with the shed ones, but reach the application', async () => {
    const served: string[] = [];
    const shedding = shedLoad(
      (request, response) => {
        served.push(request.url ?? '');
        response.writeHead(503).end();
      },
      admissionOf(new InFlightRequests('requests', 0)),
      () => undefined,
    );
    const atOnce: string[][] = [];
    const server = await startHttpServer(
      (request, response) => {
        const before = served.length;
        shedding(request, response);
        atOnce.push(served.slice(before));
      },
      '127.0.0.1',
      0,
    );
    try {
      const headers = { origin: 'https://shop.example' };
      for (const path of ['/orders', '/health/live']) await (await fetch(server.url + path, { headers })).text();
      expect(served, 'in order').to.deep.equal(['/orders', '/health/live']);
      expect(atOnce, 'only a probe is served at once').to.deep.equal([[], ['/health/live']]);
    } finally {
      await server.drain(1_000);
    }
  });
});
