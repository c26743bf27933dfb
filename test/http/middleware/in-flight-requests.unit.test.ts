import { expect } from 'chai';
import Koa from 'koa';
import { pino } from 'pino';
import { InFlightRequests } from '../../../src/http/middleware/in-flight-requests.js';
import { createOverloadLog, problemResponses } from '../../../src/http/middleware/problem-responses.js';
import { identifyRequest } from '../../../src/http/request/request-context.js';
import { startHttpServer } from '../../../src/http/server.js';

describe('when more requests come than can be answered', () => {
  it('those beyond the limit are refused at once and told when to come back, and health is still told', async () => {
    const logged: Record<string, unknown>[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line)) });
    const app = new Koa();
    const logOverload = createOverloadLog(log);
    const inHand = new InFlightRequests(2);
    const answer = problemResponses({ log, logOverload, inHand, methodsOf: () => [] });
    app.use((ctx, next) => {
      identifyRequest(ctx);
      return answer(ctx, next);
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
    const server = await startHttpServer(inHand.shedding(app.callback(), logOverload), '127.0.0.1', 0);
    try {
      const slow = [fetch(`${server.url}/slow`), fetch(`${server.url}/slow`)];
      await arrived;
      for (let nth = 0; nth < 20; nth += 1) {
        // From another origin it goes through the application, and is told the same.
        const headers = { 'x-request-id': `request-${nth}`, ...(nth % 2 ? { origin: 'https://shop.example' } : {}) };
        const refused = await fetch(`${server.url}/orders?a=b`, { method: 'POST', body: '{', headers });
        expect([refused.status, refused.headers.get('retry-after')]).to.deep.equal([503, '1']);
        expect(await refused.json()).to.include({
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
      expect((await fetch(`${server.url}/orders`)).status, 'room again').to.equal(200);
      expect(logged.length, 'the log says so, and not for each').to.be.within(1, 5);
      expect(logged[0]).to.include({ refused: 1, reason: 'Too many requests: the limit is 2' });
    } finally {
      await server.drain(1_000);
    }
  });

  it('browsers’ requests from other origins take their turn among the refusals, though the application answers them', async () => {
    const answered: string[] = [];
    const refusing = new InFlightRequests(0).shedding(
      (request, response) => {
        answered.push(request.url ?? '');
        response.writeHead(503).end();
      },
      () => undefined,
    );
    const atOnce: string[][] = [];
    const server = await startHttpServer(
      (request, response) => {
        const before = answered.length;
        refusing(request, response);
        atOnce.push(answered.slice(before));
      },
      '127.0.0.1',
      0,
    );
    try {
      const headers = { origin: 'https://shop.example' };
      for (const path of ['/orders', '/health/live']) await (await fetch(server.url + path, { headers })).text();
      expect(answered, 'in their turn').to.deep.equal(['/orders', '/health/live']);
      expect(atOnce, 'only a probe does not wait for it').to.deep.equal([[], ['/health/live']]);
    } finally {
      await server.drain(1_000);
    }
  });
});
