import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { httpLimits as limits } from '../../../src/http/limits.js';
import { onceClosed } from '../../../src/http/response/once-closed.js';
import { setTextBody } from '../../../src/http/response/text-body.js';
import { eventually } from '../../support/servers.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';

describe('A client that disconnects', () => {
  const long = 'x'.repeat(10 * limits.responsePieceBytes);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const measured = async (app: TestApp) =>
    [...(await app.metrics()).matchAll(/^http_request_duration_seconds_count\{.*\} (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );

  it('a request whose client disconnects while it is handled is measured, logged, and holds no bytes', async () => {
    const app = await startTestApp((route) =>
      route('getMetrics', async (ctx) => {
        const closed = once(ctx.res, 'close');
        ctx.req.socket.destroy();
        await closed;
        setTextBody(ctx, long);
      }),
    );
    const client = connect(app.port, '127.0.0.1', () => client.write(get('/orders/metrics')));
    client.on('error', () => undefined);
    await eventually('the metric', async () => (await measured(app)) === 1);
    expect(app.logged.filter(({ msg }) => msg === 'request')).to.have.length(1);
    expect(app.logged[0]).to.include({ route: '/orders/metrics', cut: true });
    expect(app.budgets.unsentResponses.bytes).to.equal(0);
    await app.stop();
  });

  it('a response that waits for an earlier one on its connection ends with the connection', async () => {
    const app = await startTestApp((route) => {
      route('getMetrics', (ctx) => once(ctx.req.socket, 'close'));
      route('listOrders', (ctx) => setTextBody(ctx, long));
    });
    const client = connect(app.port, '127.0.0.1', () =>
      client.write(get('/orders/metrics') + get('/orders').repeat(5)),
    );
    client.on('error', () => undefined);
    await eventually('the responses to wait', () => app.budgets.unsentResponses.bytes === 5 * long.length);
    client.destroy();
    await eventually('the metric', async () => (await measured(app)) === 6);
    expect(app.budgets.unsentResponses.bytes).to.equal(0);
    await app.stop();
  });

  it('the tasks of a response share one listener, and one that is taken back does not run', () => {
    const [res, socket] = [new EventEmitter(), new EventEmitter()];
    const response = { req: { socket }, res } as unknown as Parameters<typeof onceClosed>[0];
    const ran: number[] = [];
    const takenBack = onceClosed(response, () => ran.push(-1));
    for (let nth = 0; nth < 20; nth += 1) onceClosed(response, () => ran.push(nth));
    takenBack();
    expect([res.listenerCount('close'), socket.listenerCount('close')]).to.deep.equal([1, 1]);
    socket.emit('close');
    res.emit('close');
    expect(ran).to.deep.equal(Array.from({ length: 20 }, (_, nth) => nth));
  });
});
