import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { readJsonBody } from '../../src/http/request/json-body.js';
import type { AddRoute } from '../../src/http/routes/router.js';
import { eventually } from '../support/servers.js';
import { startTestApp } from '../support/test-app.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

describe('Data that is not a valid request', () => {
  const get = 'GET /orders HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const postInChunks =
    'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';

  async function connectTo(addRoutes: (route: AddRoute) => void) {
    const app = await startTestApp(addRoutes);
    const socket = connect(app.port, '127.0.0.1');
    let text = '';
    socket
      .on('error', () => undefined)
      .on('data', (piece: Buffer) => {
        text += piece.toString();
      });
    return {
      send: (sent: string) => void socket.write(sent),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
      received: () => text,
      until: (part: string) => eventually(part, () => text.includes(part)),
      untilClosed: async () => {
        await eventually('the end of the connection', () => socket.destroyed);
        await app.stop();
      },
    };
  }

  it('a problem is never written into a response that has begun', async () => {
    const body = new PassThrough();
    const client = await connectTo((route) =>
      route('placeOrder', (ctx) => {
        ctx.body = body;
      }),
    );
    client.send(postInChunks);
    body.write('the first part');
    await client.until('the first part');
    client.send('no size of a chunk\r\n');
    await client.untilClosed();
    expect(client.received()).not.to.match(/HTTP\/1\.1 400|malformed/);
  });

  it('a problem is never written into the response to an earlier request of the connection', async () => {
    const body = new PassThrough();
    const client = await connectTo((route) => {
      route('listOrders', (ctx) => {
        ctx.body = body;
      });
      route('placeOrder', (ctx) => readJsonBody(ctx));
    });
    client.send(get + postInChunks);
    body.write('the first part');
    await client.until('the first part');
    client.send('no size of a chunk\r\n');
    await client.untilClosed();
    expect(client.received()).not.to.match(/HTTP\/1\.1 400|malformed/);
  });

  it('a response that has ended is sent to its end before the problem of what follows it', async () => {
    const length = 20_000_000;
    let hasEnded = () => false;
    const client = await connectTo((route) =>
      route('listOrders', (ctx) => {
        hasEnded = () => ctx.res.writableEnded;
        ctx.body = Buffer.alloc(length, 'x');
      }),
    );
    client.pause();
    client.send(get);
    await eventually('the end of the response', () => hasEnded());
    client.send('no request\r\n\r\n');
    // The service meets the invalid data while the client has not taken the response.
    await setTimeout(50);
    client.resume();
    await client.untilClosed();
    expect(client.received().length).to.be.greaterThan(length);
    expect(client.received()).to.match(/xHTTP\/1\.1 400 /);
  });

  it('a request that was complete does not get the problem of what follows it', async () => {
    let isHandled = false;
    let finish: () => void = () => undefined;
    const client = await connectTo((route) =>
      route('listOrders', async (ctx) => {
        isHandled = true;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        ctx.body = 'done';
      }),
    );
    client.send(get);
    await eventually('the handler', () => isHandled);
    client.send('no request\r\n\r\n');
    await client.untilClosed();
    expect(client.received()).to.equal('');
    finish();
  });

  it('a request whose own body is invalid gets a problem, and so does what follows a response', async () => {
    const client = await connectTo((route) => {
      route('placeOrder', (ctx) => readJsonBody(ctx));
    });
    client.send(`${postInChunks}no size of a chunk\r\n`);
    await client.untilClosed();
    expect(client.received()).to.match(/^HTTP\/1\.1 400 .*\/problems\/malformed-request/s);

    const next = await connectTo((route) =>
      route('listOrders', (ctx) => {
        ctx.body = 'done';
      }),
    );
    next.send(get);
    await next.until('done');
    next.send('no request\r\n\r\n');
    await next.untilClosed();
    expect(next.received()).to.match(/done\s*HTTP\/1\.1 400 .*\/problems\/malformed-request/s);
  });

  it('a connection keeps no response in memory once it is over', async () => {
    let response: WeakRef<object> | undefined;
    const client = await connectTo((route) =>
      route('listOrders', (ctx) => {
        response = new WeakRef(ctx.res);
        ctx.body = 'done';
      }),
    );
    client.send(get);
    await client.until('done');
    await eventually('the memory to be free', () => {
      collectGarbage();
      return response?.deref() === undefined;
    });
    client.send('no request\r\n\r\n');
    await client.untilClosed();
  });
});
