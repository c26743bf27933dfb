import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { sendBatch } from '../../client/batch.js';
import { readChanges, type StreamMessage, StreamRefused } from '../../client/changes.js';
import { createOrdersClient } from '../../client/orders-client.js';
import { allEvents, allOrders, dataOf, ProblemResponse, updatedOrders } from '../../client/pages.js';
import { streamsOf } from '../support/open-streams.js';
import { eventually } from '../support/servers.js';
import { useService } from '../support/service.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

const body = { user_id: 'ada', item_ids: ['a', 'b'], total_amount: 20 };

describe('the client', () => {
  const service = useService({ LOG_LEVEL: 'silent' });
  let proxy: TcpProxy;
  before(async () => {
    proxy = await startTcpProxy(service.url);
  });
  after(() => proxy.close());

  const placedBy = async (user: string) => {
    const { rows } = await service.log.owner.query(
      `select count(*)::int as n from events where type = 'OrderPlaced' and data ->> 'user_id' = $1`,
      [user],
    );
    return rows[0].n as number;
  };

  it('does a command once whose response was lost, and returns its result', async () => {
    const client = createOrdersClient(proxy.url);
    const broken = proxy.breakAt('POST /orders HTTP', 'answered');
    const { data, response } = await client.POST('/orders', { body: { ...body, user_id: 'lost' } });
    await broken;
    expect([response.status, data?.status]).to.deep.equal([201, 'pending']);
    expect(response.headers.get('idempotency-replayed')).to.equal('true');
    expect(await placedBy('lost')).to.equal(1);
  });

  it('sends a command once if retries are off, and fails as fetch does', async () => {
    const client = createOrdersClient(proxy.url, { retries: false });
    void proxy.breakAt('POST /orders HTTP', 'before');
    const failed = await client.POST('/orders', { body: { ...body, user_id: 'off' } }).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(TypeError);
    expect(await placedBy('off')).to.equal(0);
  });

  it('sees its own writes, even if it did not wait for them', async () => {
    const client = createOrdersClient(service.url);
    const header = { Prefer: 'respond-async' };
    for (let nth = 0; nth < 20; nth += 1) {
      const { response } = await client.POST('/orders', { params: { header }, body });
      const order_id = response.headers.get('location')?.split('/').at(-1) ?? '';
      expect((await client.GET('/orders/{order_id}', { params: { path: { order_id } } })).data?.order_id).to.equal(
        order_id,
      );
    }
  });

  it('yields every order of a list, every change since a cursor, and every event, in pages', async () => {
    const client = createOrdersClient(service.url);
    const ids: string[] = [];
    for (let nth = 0; nth < 5; nth += 1)
      ids.push(dataOf(await client.POST('/orders', { body: { ...body, user_id: 'pages' } })).order_id);
    const listed: string[] = [];
    for await (const { order_id } of allOrders(client, { user_id: 'pages', limit: 2 })) listed.push(order_id);
    expect(listed).to.deep.equal([...ids].reverse());

    let cursor = '';
    for await (const page of updatedOrders(client, { updated_since: '2020-01-01T00:00:00Z' })) cursor = page.cursor;
    const path = { order_id: ids[0] ?? '' };
    dataOf(await client.POST('/orders/{order_id}/pay', { params: { path } }));
    const changed: string[] = [];
    for await (const { orders } of updatedOrders(client, { cursor }))
      changed.push(...orders.map((order) => order.order_id));
    expect(changed).to.deep.equal([ids[0]]);

    const types: string[] = [];
    for await (const { type } of allEvents(client, path.order_id)) types.push(type);
    expect(types).to.deep.equal(['OrderPlaced', 'OrderPaid']);
    const missing = allEvents(client, '0197f3a0-0000-7000-8000-00000000dead').next();
    const problem = await missing.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(problem).to.be.instanceOf(ProblemResponse);
  });

  it('sends batches, and does nothing twice if a response breaks off', async () => {
    const commands = Array.from({ length: 2_500 }, (_, nth) => ({
      command: 'place',
      user_id: 'batch',
      item_ids: [`i-${nth}`],
      total_amount: nth === 7 ? -1 : 1,
    }));
    const broken = proxy.breakAt('POST /orders/batch', 'answered');
    const results = [];
    for await (const { command, result } of sendBatch(proxy.url, commands))
      results.push({ item: command.item_ids, result });
    await broken;
    expect(results.map(({ item }) => item)).to.deep.equal(commands.map(({ item_ids }) => item_ids));
    expect(results.filter(({ result }) => 'problem' in result)).to.have.length(1);
    expect(await placedBy('batch')).to.equal(2_499);
  });

  it('reads every change once, across broken connections, also before the first change', async () => {
    const client = createOrdersClient(service.url);
    const stop = new AbortController();
    const seen: StreamMessage[] = [];
    const open = await streamsOf(service);
    const reading = (async () => {
      for await (const message of readChanges(proxy.url, { userId: 'stream', signal: stop.signal })) seen.push(message);
    })();
    const placed: string[] = [];
    for (let nth = 0; nth < 3; nth += 1) {
      await eventually('the stream to be open', async () => (await streamsOf(service)) === open + 1);
      proxy.refuse();
      await eventually('the stream to be closed', async () => (await streamsOf(service)) === open);
      placed.push(dataOf(await client.POST('/orders', { body: { ...body, user_id: 'stream' } })).order_id);
      proxy.accept();
      await eventually('the change', () => seen.length === nth + 1);
    }
    stop.abort();
    await reading;
    expect(seen.map((message) => message.type === 'change' && message.change.order_id)).to.deep.equal(placed);
  });

  it('opens a stream again whose connection is silent, before the headers and after', async () => {
    const lastIds: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      const nth = lastIds.push(request.headers['last-event-id']?.toString());
      if (nth === 1) return;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(nth === 2 ? 'retry: 1\n\nid: 7\n\n' : 'id: 8\ndata: {"order_id":"a"}\n\n');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for await (const message of readChanges(url, { silenceMs: 100 })) {
      expect(message).to.deep.equal({ type: 'change', id: '8', change: { order_id: 'a' } });
      break;
    }
    expect(lastIds).to.deep.equal([undefined, undefined, '7']);
    server.close();
  });

  it('ends a stream that the service refuses', async () => {
    const refused = await readChanges(service.url, { orderId: 'no-uuid' })
      .next()
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StreamRefused);
    expect((refused as StreamRefused).status).to.equal(422);
  });
});
