import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { httpLimits } from '../../../src/http/limits.js';
import { type Message, openStream } from '../../support/event-stream.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { call, getHistory, type RunningService, startService } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('GET /orders/stream', () => {
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

  const place = async (body: object = order) => (await call(service, 'POST', '/orders', body)).body.order_id;
  const changesIn = (messages: readonly Message[]) =>
    messages.map(
      ({ data }) => JSON.parse(data) as { order_id: string; type: string; version: number; position: string },
    );
  const stream = (query = '', headers: Record<string, string> = {}, onMessage?: Parameters<typeof openStream>[2]) =>
    openStream(`${service.url}/orders/stream${query}`, headers, onMessage);

  it('GET /orders/stream sends each change with its event as it becomes visible', async () => {
    await place();
    const reader = await stream();
    const id = await place();
    await call(service, 'POST', `/orders/${id}/note`, { text: 'hello' });
    // The first order may have become visible after the stream began, although its call waited.
    const changes = () => changesIn(reader.messages).filter(({ order_id }) => order_id === id);
    await eventually('both', () => changes().length === 2);
    const { events, partition } = await getHistory(service, id);
    for (const [nth, change] of changes().entries()) {
      const { version, type, data, actor, occurred_at, recorded_at, position } = events[nth]!;
      expect(change).to.deep.equal({
        ...{ order_id: id, version, type, data, actor, occurred_at, recorded_at },
        position: `${partition}:${position}`,
      });
    }
    reader.close();
  });

  it('GET /orders/stream sends only the changes of one order or of one user if it is asked to', async () => {
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
    // A stream resumes where it was, with its own filter.
    ofOrder.close();
    await call(service, 'POST', `/orders/${watched}/process`);
    const resumed = await stream(`?order_id=${watched}`, { 'last-event-id': ofOrder.messages.at(-1)?.id ?? '' });
    await eventually('the rest', () => resumed.messages.length === 1);
    expect(changesIn(resumed.messages)[0]?.type).to.equal('OrderProcessingStarted');
    for (const reader of [ofUser, resumed]) reader.close();
  });

  it('GET /orders/stream resumes at its start for a reader that disconnects before the first change', async () => {
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

  it('GET /orders/stream sends its position to a reader that skips many changes', async () => {
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

  it('GET /orders/stream continues with a reset after a Last-Event-ID of another stream', async () => {
    for (const id of ['nonsense', '00000000-1.2.3.4', `${log.keys.log}-1.2`, `${log.keys.log}-2:1`]) {
      const reader = await stream('', { 'last-event-id': id });
      await eventually('an id of this stream', () => reader.lastId());
      expect(
        reader.messages.map(({ event }) => event),
        id,
      ).to.deep.equal(['reset']);
      await place();
      await eventually('the next change', () => reader.messages.length === 2);
      reader.close();
    }
  });

  it('GET /orders/stream rejects a request for JSON', async () => {
    const json = await call(service, 'GET', '/orders/stream', undefined, { accept: 'application/json' });
    expect([json.status, json.problem.type]).to.deep.equal([406, '/problems/not-acceptable']);
  });

  it('GET /orders/stream tells proxies not to buffer it', async () => {
    // A proxy like nginx: it passes on whole responses, unless they have X-Accel-Buffering: no.
    const proxy = createServer((incoming, outgoing) => {
      const { port } = new URL(service.url);
      const upstream = httpRequest({ port, path: incoming.url, headers: incoming.headers }, (response) => {
        const buffered: Buffer[] = [];
        outgoing.writeHead(response.statusCode ?? 0, response.headers);
        const passesOn = response.headers['x-accel-buffering'] === 'no';
        response.on('data', (chunk: Buffer) => (passesOn ? outgoing.write(chunk) : buffered.push(chunk)));
        response.on('end', () => outgoing.end(Buffer.concat(buffered)));
        response.on('error', () => outgoing.destroy());
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

  it('GET /orders/stream ends with the time to reconnect after when the service stops', async () => {
    const stopping = await startService(log);
    const reader = await openStream(`${stopping.url}/orders/stream`);
    await eventually('the first retry time', () => reader.retryMs() === 1_000);
    const stopped = stopping.stop();
    await reader.ended;
    expect(reader.retryMs()).to.be.within(500, 2_500);
    expect(await stopped).to.equal(0);
  });
});
