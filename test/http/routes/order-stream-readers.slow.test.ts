import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { openStream } from '../../support/event-stream.js';
import { streamsOf } from '../../support/open-streams.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { call, type RunningService, startService } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('GET /orders/stream with many readers, and with one that does not read', () => {
  let log: TestLog;
  let service: RunningService;
  before(async () => {
    log = await createTestLog(4);
    service = await startService(log);
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  const place = async () => (await call(service, 'POST', '/orders', order)).body.order_id;

  it('a process keeps 2,000 idle streams, serves other requests, and closes the streams of readers that disconnect', async () => {
    const sockets: Socket[] = [];
    let open = 0;
    const { port } = new URL(service.url);
    for (let nth = 0; nth < 2_000; nth += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.once('data', (text: Buffer) => {
        if (text.toString().startsWith('HTTP/1.1 200')) open += 1;
      });
      socket.write(
        'GET /orders/stream?user_id=nobody HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n',
      );
      sockets.push(socket);
      if (nth % 200 === 199) await eventually('these to be open', () => open === nth + 1);
    }
    const id = await place();
    expect((await call(service, 'GET', `/orders/${id}`)).status).to.equal(200);
    for (const socket of sockets) socket.destroy();
    await eventually('all to be closed', async () => (await streamsOf(service)) === 0);
  });

  it('a stream without changes gets comments, so that proxies do not close it', async () => {
    const quiet = await openStream(`${service.url}/orders/stream?user_id=nobody`);
    await eventually('a heartbeat', () => quiet.comments() > 0, 20_000);
    expect(quiet.messages).to.deep.equal([]);
    quiet.close();
  });

  it('a reader that does not read is disconnected, and misses nothing when it resumes', async () => {
    const { port } = new URL(service.url);
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    let ended = false;
    socket.on('close', () => {
      ended = true;
    });
    socket.on('error', () => undefined);
    socket.write('GET /orders/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
    await new Promise<void>((resolve) => socket.once('data', () => resolve()));
    socket.pause();
    // About 20 MB: more than all buffers on the way hold.
    const written = 3_000;
    const metadata = Object.fromEntries(Array.from({ length: 14 }, (_, nth) => [`key ${nth}`, 'm'.repeat(500)]));
    const line = `${JSON.stringify({ command: 'place', ...order, metadata })}\n`;
    await fetch(`${service.url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: line.repeat(written),
    }).then((response) => response.text());
    await eventually('the reader to be disconnected', async () => (await streamsOf(service)) === 0, 30_000);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.resume();
    await eventually('the connection to have ended', () => ended);
    const ids = [...text.matchAll(/^id: (.*)\ndata: (.*)\n\n/gm)];
    expect(ids.length).to.be.lessThan(written);
    const last = ids.at(-1)?.[1] ?? '';
    const seen = ids.map(([, , data = '']) => (JSON.parse(data) as { position: string }).position);
    const rest = await openStream(`${service.url}/orders/stream`, { 'last-event-id': last });
    await eventually('the rest', () => seen.length + rest.messages.length >= written, 30_000);
    const all = [...seen, ...rest.messages.map(({ data }) => (JSON.parse(data) as { position: string }).position)];
    expect([all.length, new Set(all).size]).to.deep.equal([written, written]);
    rest.close();
  });
});
