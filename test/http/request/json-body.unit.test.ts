import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { ByteLedger } from '../../../src/http/byte-ledger.js';
import { httpLimits } from '../../../src/http/limits.js';
import { createLargeCommands } from '../../../src/http/middleware/heavy-queries.js';
import { readJsonBody, withJsonBody } from '../../../src/http/request/json-body.js';
import { eventually } from '../../support/servers.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

describe('A body that arrives in pieces', () => {
  const start = async (maxBytes: number) =>
    startTestApp(
      (route) =>
        route('placeOrder', async (ctx) => {
          ctx.body = JSON.stringify(await readJsonBody(ctx));
        }),
      { arrivingBodies: new ByteLedger(maxBytes) },
    );

  /** Sends a body in chunks of one byte, without its end. */
  function trickle(app: TestApp, body: string, onData: (text: string) => void = () => undefined): Socket {
    const headers = 'Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const socket = connect(app.port, '127.0.0.1');
    socket.on('error', () => undefined).on('data', (text: Buffer) => onData(text.toString()));
    socket.write(`POST /orders HTTP/1.1\r\n${headers}${body.replace(/./g, '1\r\n$&\r\n')}`);
    return socket;
  }

  it('a body takes as much memory as it has bytes, however small the chunks in which it arrives', async () => {
    const app = await start(1e6);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const socket = trickle(app, `"${'x'.repeat(99_999)}`);
    await eventually('the body to arrive', () => app.budgets.arrivingBodies.bytes >= 100_000);
    collectGarbage();
    // Keeping a chunk takes about 300 bytes.
    expect(process.memoryUsage().heapUsed - before).to.be.below(5e6);
    expect(app.budgets.arrivingBodies.bytes).to.be.below(250_000);
    socket.destroy();
    await eventually('the bytes to be released', () => app.budgets.arrivingBodies.bytes === 0);
    await app.stop();
  });

  it('a body that is given up for its bytes gets 503, and holds none of them any more', async () => {
    const app = await start(10_000);
    let response = '';
    const socket = trickle(app, `"${'x'.repeat(20_000)}`, (text) => {
      response += text;
    });
    await eventually('the response', () => /\/problems\/overloaded/.test(response));
    expect(app.budgets.arrivingBodies.bytes).to.equal(0);
    socket.destroy();
    await app.stop();
  });

  it('a body in chunks of one byte is the same as one in a single chunk', async () => {
    const app = await start(1e6);
    let response = '';
    const socket = trickle(app, JSON.stringify({ text: 'abc'.repeat(50) }), (text) => {
      response += text;
    });
    socket.write('0\r\n\r\n');
    await eventually('the response', () => response.includes(`{"text":"${'abc'.repeat(50)}"}`));
    socket.destroy();
    await app.stop();
  });

  it('the bytes of a large body are released if it is rejected because too many large ones wait', async () => {
    const runLarge = createLargeCommands();
    let endOthers: () => void = () => undefined;
    const others = new Promise<void>((resolve) => {
      endOthers = resolve;
    });
    const app = await startTestApp((route) =>
      route('placeOrder', async (ctx) => {
        const inAll = httpLimits.maxQueuedLargeBodies + 1;
        for (let nth = 0; nth < inAll; nth += 1) void runLarge(ctx, httpLimits.maxLargeBodyWeight, () => others);
        await withJsonBody(ctx, runLarge, () => Promise.reject(new Error('there is no room for it')));
      }),
    );
    const { status } = await fetch(`${app.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify('x'.repeat(httpLimits.largeBodyBytes)),
    });
    expect([status, app.budgets.arrivingBodies.bytes]).to.deep.equal([503, 0]);
    endOthers();
    await app.stop();
  });

  it('a body of a client that disconnected before it was read is not waited for', async () => {
    let isHandled = false;
    let outcome = '';
    const app = await startTestApp((route) =>
      route('placeOrder', async (ctx) => {
        isHandled = true;
        await new Promise((resolve) => ctx.req.once('close', resolve));
        outcome = await readJsonBody(ctx).then(String, String);
      }),
    );
    const socket = trickle(app, '{');
    await eventually('the handler', () => isHandled);
    socket.destroy();
    await eventually('the end of the reading', () => outcome !== '', httpLimits.bodyTimeoutMs / 2);
    expect(outcome).to.match(/closed before the end/);
    await app.stop();
  });
});
