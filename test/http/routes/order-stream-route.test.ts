import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { httpLimits } from '../../../src/http/limits.js';
import { queryLimits } from '../../../src/queries/limits.js';
import { type Message, openStream, type StreamReader } from '../../support/event-stream.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { call, type RunningService, startService } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('GET /orders/stream', function () {
  this.timeout(120_000);
  let log: TestLog;
  let service: RunningService;
  /** A reader to whom nothing happens. */
  let quiet: StreamReader;
  before(async () => {
    log = await createTestLog(4);
    service = await startService(log);
    quiet = await openStream(`${service.url}/orders/stream?user_id=nobody`);
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  const place = async (body: object = order) => (await call(service, 'POST', '/orders', body)).body.order_id as string;
  const changesIn = (messages: readonly Message[]) =>
    messages.map(
      ({ data }) => JSON.parse(data) as { order_id: string; type: string; version: number; position: string },
    );
  const stream = (query = '', headers: Record<string, string> = {}, onMessage?: Parameters<typeof openStream>[2]) =>
    openStream(`${service.url}/orders/stream${query}`, headers, onMessage);

  it('tells of each change as it becomes visible, with what happened', async () => {
    await place();
    const reader = await stream();
    const id = await place();
    await call(service, 'POST', `/orders/${id}/note`, { text: 'hello' });
    await eventually('both', () => reader.messages.length === 2);
    const { events, partition } = (await call(service, 'GET', `/orders/${id}/history`)).body;
    for (const [nth, change] of changesIn(reader.messages).entries()) {
      const { version, type, data, actor, occurred_at, recorded_at, position } = events[nth];
      expect(change).to.deep.equal({
        ...{ order_id: id, version, type, data, actor, occurred_at, recorded_at },
        position: `${partition}:${position}`,
      });
    }
    reader.close();
  });

  it('is narrowed to an order, or to a user’s orders', async () => {
    const watched = await place({ ...order, user_id: 'ada' });
    const ofOrder = await stream(`?order_id=${watched.toUpperCase()}`);
    const ofUser = await stream('?user_id=ada');
    await place({ ...order, user_id: 'bob' });
    const second = await place({ ...order, user_id: 'ada' });
    await call(service, 'POST', `/orders/${watched}/pay`);
    await call(service, 'POST', `/orders/${second}/pay`);
    await eventually('all of ada’s', () => ofUser.messages.length === 3 && ofOrder.messages.length === 1);
    expect(changesIn(ofOrder.messages).map(({ type }) => type)).to.deep.equal(['OrderPaid']);
    expect(new Set(changesIn(ofUser.messages).map(({ order_id }) => order_id))).to.deep.equal(
      new Set([watched, second]),
    );
    // Each goes on where it was, with its own filter.
    ofOrder.close();
    await call(service, 'POST', `/orders/${watched}/process`);
    const resumed = await stream(`?order_id=${watched}`, { 'last-event-id': ofOrder.messages.at(-1)?.id ?? '' });
    await eventually('the rest', () => resumed.messages.length === 1);
    expect(changesIn(resumed.messages)[0]?.type).to.equal('OrderProcessingStarted');
    for (const reader of [ofUser, resumed]) reader.close();
  });

  it('goes on from where it began for who loses it before the first change', async () => {
    const reader = await stream();
    const id = await eventually('the first id', () => reader.lastId());
    reader.close();
    await reader.ended;
    const missed = await place();
    const resumed = await stream('', { 'last-event-id': id });
    await eventually('what happened meanwhile', () => resumed.messages.length === 1);
    expect(changesIn(resumed.messages)[0]?.order_id).to.equal(missed);
    resumed.close();
  });

  it('tells a reader who wants none of many changes where it is all the same', async () => {
    const reader = await stream('?user_id=nobody-at-all');
    const begun = await eventually('the first id', () => reader.lastId());
    const line = `${JSON.stringify({ command: 'place', ...order })}\n`;
    const batch = await call(service, 'POST', '/orders/batch', line.repeat(httpLimits.maxSkippedChanges + 100), {
      'content-type': 'application/x-ndjson',
    });
    expect(batch.status).to.equal(200);
    await eventually('another id', () => reader.lastId() !== begun);
    expect(reader.messages).to.deep.equal([]);
    reader.close();
  });

  it('refuses an id that is not one of this very stream, and who does not take streams', async () => {
    for (const id of ['nonsense', '00000000-1.2.3.4', `${log.keys.log}-1.2`, `${log.keys.log}-2:1`]) {
      const { status, body } = await call(service, 'GET', '/orders/stream', undefined, {
        accept: 'text/event-stream',
        'last-event-id': id,
      });
      expect([status, body.type], id).to.deep.equal([400, '/problems/invalid-header']);
    }
    const json = await call(service, 'GET', '/orders/stream', undefined, { accept: 'application/json' });
    expect([json.status, json.body.type]).to.deep.equal([406, '/problems/not-acceptable']);
  });

  it('passes a proxy that collects answers, since it says that it must not', async () => {
    // As nginx does: the answer is passed on when it is whole, unless it has X-Accel-Buffering: no.
    const proxy = createServer((incoming, outgoing) => {
      const { port } = new URL(service.url);
      const upstream = httpRequest({ port, path: incoming.url, headers: incoming.headers }, (answer) => {
        const buffered: Buffer[] = [];
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
        const passesOn = answer.headers['x-accel-buffering'] === 'no';
        answer.on('data', (chunk: Buffer) => (passesOn ? outgoing.write(chunk) : buffered.push(chunk)));
        answer.on('end', () => outgoing.end(Buffer.concat(buffered)));
        answer.on('error', () => outgoing.destroy());
      }).on('error', () => outgoing.destroy());
      outgoing.on('close', () => upstream.destroy());
      upstream.end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const reader = await openStream(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}/orders/stream`);
    await place();
    await eventually('the message behind the proxy', () => reader.messages.length === 1);
    reader.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('keeps 2,000 idle readers, answers everybody else meanwhile, and forgets them when they go', async () => {
    const sockets: Socket[] = [];
    let open = 0;
    const { port } = new URL(service.url);
    for (let nth = 0; nth < 2_000; nth += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.once('data', (text: Buffer) => {
        if (text.toString().startsWith('HTTP/1.1 200')) open += 1;
      });
      socket.write('GET /orders/stream?user_id=nobody HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n');
      sockets.push(socket);
      if (nth % 200 === 199) await eventually('these to be open', () => open === nth + 1);
    }
    const id = await place();
    expect((await call(service, 'GET', `/orders/${id}`)).status).to.equal(200);
    for (const socket of sockets) socket.destroy();
    await eventually('all to be forgotten', async () => (await streamsOf(service)) === 1);
  });

  it('drops a reader who does not read, and lets it go on afterwards with nothing missed', async () => {
    const { port } = new URL(service.url);
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    let ended = false;
    socket.on('close', () => {
      ended = true;
    });
    socket.on('error', () => undefined);
    socket.write('GET /orders/stream HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n');
    await new Promise<void>((resolve) => socket.once('data', () => resolve()));
    socket.pause();
    // More than all buffers on the way hold: about 20 MB.
    const written = 3_000;
    const metadata = Object.fromEntries(Array.from({ length: 14 }, (_, nth) => [`key ${nth}`, 'm'.repeat(500)]));
    const line = `${JSON.stringify({ command: 'place', ...order, metadata })}\n`;
    await fetch(`${service.url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: line.repeat(written),
    }).then((answer) => answer.text());
    await eventually('the reader to be dropped', async () => (await streamsOf(service)) === 1, 30_000);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.resume();
    await eventually('the connection to have ended', () => ended);
    const ids = [...text.matchAll(/^id: (.*)\ndata: (.*)\n\n/gm)];
    expect(ids.length).to.be.lessThan(written);
    const last = ids.at(-1)?.[1] ?? '';
    const seen = ids.map(([, , data = '']) => (JSON.parse(data) as { position: string }).position);
    const rest = await stream('', { 'last-event-id': last });
    await eventually('the rest', () => seen.length + rest.messages.length >= written, 30_000);
    const all = [...seen, ...changesIn(rest.messages).map(({ position }) => position)];
    expect([all.length, new Set(all).size]).to.deep.equal([written, written]);
    rest.close();
  });

  it('sends a comment now and then, so that nobody on the way takes it for dead', async () => {
    await eventually('a heartbeat', () => quiet.comments() > 0, 20_000);
    expect(quiet.messages).to.deep.equal([]);
    quiet.close();
  });

  it('ends with a hint when to come back, when the service stops', async () => {
    const stopping = await startService(log);
    const reader = await openStream(`${stopping.url}/orders/stream`);
    await eventually('the first hint', () => reader.retryMs() === 1_000);
    const stopped = stopping.stop();
    await reader.ended;
    expect(reader.retryMs()).to.be.within(500, 2_500);
    expect(await stopped).to.equal(0);
  });
});

async function streamsOf({ url }: RunningService): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^orders_event_streams (\d+)$/m.exec(metrics)?.[1]);
}

describe('GET /orders/stream, whatever dies', function () {
  this.timeout(120_000);

  it('misses nothing and gives nothing twice across reconnects, killed services, takeover and a rebuild', async () => {
    const log = await createTestLog(4);
    const start = () => startService(log, { LOG_LEVEL: 'silent' });
    const writer = await startService(log, { ORDERS_ROLES: 'api', LOG_LEVEL: 'silent' });
    const services = [await start(), await start()];
    const received: string[] = [];
    let lastId = '';
    let connections = 0;
    let reading = true;

    // A reader that loses its connection again and again, and comes back to whoever answers.
    const read = async () => {
      while (reading) {
        const target = services[connections % services.length]!;
        connections += 1;
        let left = 1 + Math.floor(Math.random() * 25);
        try {
          const reader = await openStream(
            `${target.url}/orders/stream`,
            lastId === '' ? {} : { 'last-event-id': lastId },
            (message, self) => {
              received.push((JSON.parse(message.data) as { position: string }).position);
              lastId = message.id ?? '';
              left -= 1;
              if (left === 0) self.close();
            },
          );
          const idle = setTimeout(() => reader.close(), 1_500);
          await reader.ended;
          clearTimeout(idle);
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    // The first connection begins at the log's end: an order from before it makes sure that there is an id to go on from.
    const reading1 = read();
    await eventually('the reader to be there', async () => (await streamsOf(services[0]!)) === 1);
    await eventually('the first change', async () => {
      await call(writer, 'POST', '/orders', order);
      return lastId !== '';
    });
    const first = received[0];

    for (let round = 0; round < 6; round += 1) {
      const writes = Array.from({ length: 40 }, async () => {
        const { body } = await call(writer, 'POST', '/orders', order, { prefer: 'respond-async' });
        await call(writer, 'POST', `/orders/${body.order_id}/pay`, undefined, { prefer: 'respond-async' });
      });
      if (round === 1 || round === 4) services[round % 2]!.kill('SIGKILL');
      if (round === 2) await call(writer, 'POST', '/projections/order-history/rebuild');
      await Promise.all(writes);
      if (round === 2 || round === 5) services[(round - 1) % 2] = await start();
    }

    const { rows } = await log.owner.query<{ place: string }>(
      `select partition || ':' || "position" as place from events order by partition, "position"`,
    );
    const all = rows.map(({ place }) => place);
    await eventually(
      'all that was written',
      () => received.length >= all.length - all.indexOf(first ?? '') - 10 && new Set(received).size >= 480,
      60_000,
    );
    await eventually(
      'the end of each partition',
      () => {
        const heads = new Set(all.filter((place, index) => place.split(':')[0] !== all[index + 1]?.split(':')[0]));
        return [...heads].every((head) => received.includes(head));
      },
      60_000,
    );
    reading = false;
    for (const one of services) one.kill('SIGKILL');
    await reading1;
    writer.kill('SIGKILL');

    expect(connections).to.be.greaterThan(10);
    expect(received.length, 'nothing twice').to.equal(new Set(received).size);
    for (let partition = 0; partition < 4; partition += 1) {
      const positions = received
        .filter((place) => place.startsWith(`${partition}:`))
        .map((place) => Number(place.split(':')[1]));
      const [from = 0] = positions;
      expect(positions, `partition ${partition} in order, without a gap`).to.deep.equal(
        Array.from({ length: positions.length }, (_, nth) => from + nth),
      );
      expect(positions.at(-1)).to.equal(all.filter((place) => place.startsWith(`${partition}:`)).length);
    }
    await log.close();
  });
});

describe('GET /orders/stream, when the read models are lost', function () {
  this.timeout(60_000);

  it('waits until they are back, for new readers and for those who resume, and then misses nothing', async () => {
    // More in one partition than a process keeps in memory for those who follow.
    const log = await createTestLog(1);
    const placed = queryLimits.maxKeptChanges + 200;
    const env = { LOG_LEVEL: 'silent' };
    const api = await startService(log, { ...env, ORDERS_ROLES: 'api' });
    const projector = await startService(log, { ...env, ORDERS_ROLES: 'projector' });
    const following = await openStream(`${api.url}/orders/stream`);
    // Not all at once: a process refuses more requests than it can answer in good time.
    for (let nth = 0; nth < placed; nth += 100) {
      await Promise.all(Array.from({ length: 100 }, () => call(api, 'POST', '/orders', order)));
    }
    await eventually('all', () => following.messages.length === placed);
    // Redis comes back empty, and nobody projects yet: the process remembers how far the read model was, and it is not there.
    await projector.stop();
    await log.redis.flushall();
    const resumed = await openStream(`${api.url}/orders/stream`, { 'last-event-id': following.messages[0]?.id ?? '' });
    await call(api, 'POST', '/orders', order, { prefer: 'respond-async' });
    const again = await startService(log, { ...env, ORDERS_ROLES: 'projector' });
    await eventually(
      'the new one',
      () => following.messages.length === placed + 1 && resumed.messages.length === placed,
      30_000,
    );
    const places = (messages: readonly Message[]) =>
      messages.map(({ data }) => (JSON.parse(data) as { position: string }).position);
    expect(new Set(places(following.messages)).size).to.equal(placed + 1);
    expect(new Set([places(following.messages)[0], ...places(resumed.messages)]).size).to.equal(placed + 1);
    for (const reader of [following, resumed]) reader.close();
    await Promise.all([api.stop(), again.stop()]);
    await log.close();
  });
});
