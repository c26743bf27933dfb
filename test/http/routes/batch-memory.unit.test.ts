import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { SpoolSpace } from '../../../src/http/batch/result-spool.js';
import { ByteLedger } from '../../../src/http/byte-ledger.js';
import { unlimitedRate } from '../../../src/http/middleware/rate-limit.js';
import { AuthorityWatch } from '../../../src/http/request/authority.js';
import { batchRoute } from '../../../src/http/routes/batch-route.js';
import type { AddRoute } from '../../../src/http/routes/router.js';
import { eventually } from '../../support/servers.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';

describe('The memory of batches', () => {
  const addBatchRoute = (route: AddRoute, space?: SpoolSpace) =>
    batchRoute(
      route,
      {
        handleCommand: () => Promise.reject(new Error('no line is a command')),
        placeOrders: async () => [],
        models: { projections: [] },
        applied: { wait: async () => true, reached: async () => true },
        authority: new AuthorityWatch(),
        rateLimit: unlimitedRate,
        defaultCurrency: 'USD',
      },
      space,
    );
  const batch =
    'POST /orders/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n';
  const chunkOf = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

  function open(app: TestApp): { readonly socket: Socket; readonly received: () => string } {
    const socket = connect(app.port, '127.0.0.1');
    let text = '';
    socket
      .on('error', () => undefined)
      .on('data', (piece: Buffer) => {
        text += piece.toString();
      });
    return { socket, received: () => text };
  }

  it('a batch whose unfinished line takes too much memory ends with a line that says so', async () => {
    const app = await startTestApp(addBatchRoute, { arrivingBodies: new ByteLedger(10_000) });
    const { socket, received } = open(app);
    socket.write(`${batch}${chunkOf('[\n')}${chunkOf('-').repeat(5_000)}`);
    await eventually('the bytes to be held', () => app.budgets.arrivingBodies.bytes > 4_000);
    socket.write(chunkOf('-').repeat(10_000));
    await eventually('the last line', () => /"line":2,"status":503.*incomplete bodies/.test(received()));
    expect(received()).to.match(/"line":1,"status":400/);
    // The rest, which no buffer of both systems could take, is discarded.
    await new Promise((sent) => socket.write(chunkOf('x'.repeat(20_000_000)), sent));
    expect(app.budgets.arrivingBodies.bytes).to.equal(0);
    socket.destroy();
    await app.stop();
  });

  it('a batch whose turn on its connection never comes gives up its results when the client leaves', async () => {
    const space = new SpoolSpace();
    const app = await startTestApp((route) => {
      route('isLive', (ctx) => {
        ctx.body = new PassThrough();
      });
      addBatchRoute(route, space);
    });
    const { socket } = open(app);
    socket.write(`GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n${batch}${chunkOf('[\n'.repeat(5_000))}`);
    await eventually('results that wait in files', () => space.used > 0);
    socket.destroy();
    await eventually('the space to be free', () => space.used === 0);
    await app.stop();
  });

  it('a client that stops sending its batch is disconnected, which is no failure of the service', async () => {
    const app = await startTestApp(addBatchRoute, { batchIdleTimeoutMs: 20 });
    const { socket, received } = open(app);
    socket.write(`${batch}${chunkOf('[\n')}`);
    await eventually('the end of the connection', () => socket.destroyed);
    expect(received()).to.match(/"line":1,"status":400/);
    await eventually('the line of the log', () => app.logged.some(({ msg }) => msg === 'request'));
    await app.stop();
    expect(app.logged.filter(({ level }) => level !== 30)).to.deep.equal([]);
  });

  it('the response to a batch has no more listeners than Node takes for normal', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => void warnings.push(name);
    process.on('warning', note);
    const app = await startTestApp(addBatchRoute);
    const { socket, received } = open(app);
    socket.write(`${batch}${chunkOf('[\n')}0\r\n\r\n`);
    await eventually('the result', () => received().includes('"line":1'));
    await app.stop();
    process.off('warning', note);
    expect(warnings).to.deep.equal([]);
  });
});
