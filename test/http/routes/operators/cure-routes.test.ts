import { expect } from 'chai';
import { decodeOrder, encodeOrder } from '../../../../src/read-models/encoding/encoded-order.js';
import { orderStatusKeys } from '../../../../src/read-models/order-status.js';
import { appender, event, orderIdIn, place } from '../../../support/events.js';
import { runOrders } from '../../../support/orders-command.js';
import { liveKeys } from '../../../support/redis-keys.js';
import { eventually } from '../../../support/servers.js';
import { call, useService } from '../../../support/service.js';

describe('The cures of a stopped projection', () => {
  const service = useService();
  const metrics = async () =>
    (await call(service, 'GET', '/projections')).body.projections.find(({ name }) => name === 'metrics');

  it('an operator retries the event, and skips it with a reason that the log records', async () => {
    const append = appender(service.log);
    const orderId = orderIdIn(2, 16);
    await place(append, orderId);
    await append({ orderId, expectedVersion: 1, events: [event('OrderTeleported', {})] });
    const stopped = await eventually('the stop', async () => (await metrics())?.partitions[2]?.stopped);
    expect([stopped.position, stopped.order_id, stopped.type]).to.deep.equal([2, orderId, 'OrderTeleported']);

    const resumed = await call(service, 'POST', '/projections/metrics/resume');
    expect([resumed.status, resumed.text]).to.deep.equal([204, '']);
    await eventually('the projection to stop there again', async () => {
      const again = (await metrics())?.partitions[2]?.stopped;
      return again !== undefined && again.at > stopped.at;
    });

    const elsewhere = { partition: 2, position: 1, reason: 'r' };
    const wrong = await call(service, 'POST', '/projections/metrics/skip', elsewhere);
    expect([wrong.status, wrong.problem.type]).to.deep.equal([409, '/problems/not-stopped']);
    const skip = { partition: 2, position: 2, reason: 'a test event' };
    const { body } = await call(service, 'POST', '/projections/metrics/skip', skip);
    expect([body.projection, body.order_id, body.type]).to.deep.equal(['metrics', orderId, 'OrderTeleported']);
    await eventually('the projection to go on', async () => (await metrics())?.state === 'live');
    await call(service, 'POST', '/projections/order-status/skip', skip);
    await eventually('the order', async () => (await call(service, 'GET', `/orders/${orderId}`)).status === 200);
    const shown = await runOrders(service.log, ['get', orderId], { ORDERS_URL: service.url });
    expect(shown.stdout).to.match(/^ {2}damaged +later events are missing/m);
    expect((await metrics())?.skipped).to.deep.equal([
      { partition: 2, position: 2, order_id: orderId, type: 'OrderTeleported' },
    ]);
    const [partition = '', position = ''] = body.recorded_at_position.split(':');
    const query = `partition=${partition}&after=${Number(position) - 1}&limit=1`;
    const [recorded] = (await call(service, 'GET', `/audit/events?${query}`)).body.events;
    expect([recorded?.type, recorded?.data.reason, recorded?.metadata.actor]).to.deep.equal([
      'ProjectionEventSkipped',
      'a test event',
      'anonymous',
    ]);
  });
});

describe('/projections/{name}/dry-run', () => {
  const service = useService();

  it('a dry run finds what differs from the log, and leaves the read model as it is', async () => {
    const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
    const { order_id: orderId } = (await call(service, 'POST', '/orders', order, { prefer: 'wait=10' })).body;
    const entryOf = orderStatusKeys(liveKeys(service.log, 'order-status', await partitionOf(orderId))).order(orderId);
    const written = decodeOrder(orderId, (await service.log.redis.hget(...entryOf)) ?? '');
    await service.log.redis.hset(...entryOf, encodeOrder({ ...written, status: 'shipped' }));

    const started = await call(service, 'POST', '/projections/order-status/dry-run');
    expect([started.status, started.headers.get('location'), started.body.is_new]).to.deep.equal([
      202,
      '/projections/order-status/dry-run',
      true,
    ]);
    const run = await eventually('the dry run to end', async () => {
      const [newest] = (await call(service, 'GET', '/projections/order-status/dry-run')).body.runs;
      return newest?.state !== 'running' && newest;
    });
    expect([run.state, run.error, run.differences_total]).to.deep.equal(['done', null, 1]);
    expect(run.differences[0]).to.include({
      order_id: orderId,
      field: 'status',
      live: '"shipped"',
      rebuilt: '"pending"',
    });
    expect(run.compared_keys).to.be.greaterThan(0);
    expect((await call(service, 'GET', `/orders/${orderId}`)).body.status).to.equal('shipped');
  });

  async function partitionOf(orderId: string): Promise<number> {
    return (await call(service, 'GET', `/audit/events?order_id=${orderId}`)).body.events[0]?.partition ?? -1;
  }
});
