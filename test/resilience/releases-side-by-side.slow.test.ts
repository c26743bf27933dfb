import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { orderPartition } from '../../src/orders/values/partition.js';
import { projectPath } from '../../src/project-path.js';
import { type FormatFixture, loadFormatFixture } from '../support/format-fixture.js';
import { eventually } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';

/** The number of partitions of the fixture's log. */
const partitions = 16;
const shippedOrder = '018f0000-0000-7000-8000-000000000002';

/**
 * The older release is this one without one event type: builds of earlier releases cannot be kept.
 */
describe('a process of an older release beside one of this release, on a log of format 1', () => {
  let fixture: FormatFixture;
  const started: RunningService[] = [];
  before(async () => {
    fixture = await loadFormatFixture(1);
  });
  after(() => Promise.all(started.map((service) => service.stop())));

  const start = async (env: Record<string, string>, flags: string[] = []) => {
    const service = await startService(fixture, { ...fixture.env, ...env }, projectPath('.'), flags);
    started.push(service);
    await eventually('readiness', async () => (await call(service, 'GET', '/health/ready')).status === 200, 60_000);
    return service;
  };
  const startOlder = () =>
    start({ ORDERS_TEST_UNKNOWN_EVENT: 'OrderShipmentTracked' }, [
      '--import',
      pathToFileURL(projectPath('dist', 'test', 'support', 'older-release.js')).href,
    ]);
  const statusOf = async (service: RunningService, id: string) => (await call(service, 'GET', `/orders/${id}`)).status;
  const isSamePartition = (id: string) => orderPartition(id, partitions) === orderPartition(shippedOrder, partitions);

  it('stops at an event that it does not know, in that partition alone, until the new one takes over', async () => {
    const older = await startOlder();
    const newer = await start({ ORDERS_ROLES: 'api' });
    const ids = Object.keys(fixture.responses).flatMap((path) => /^\/orders\/([\da-f-]{36})$/.exec(path)?.[1] ?? []);
    const others = ids.filter((id) => !isSamePartition(id));
    expect(others.length).to.be.greaterThan(5);
    for (const service of [older, newer])
      for (const id of ids) expect(await statusOf(service, id), `order ${id} as before`).to.equal(200);

    const tracked = { shipment_id: '1', carrier: 'UPS', tracking_number: 'T-2' };
    const told = await call(newer, 'POST', `/orders/${shippedOrder}/track`, tracked, { prefer: 'respond-async' });
    expect(told.status, told.text).to.equal(200);
    for (const service of [older, newer]) {
      const refused = await eventually('the projections to stop', async () => {
        const found = await call(service, 'GET', `/orders/${shippedOrder}`);
        return found.status === 503 && found;
      });
      expect(refused.problem.detail).to.match(/has stopped at an event of a newer version of the service/);
      for (const id of others) expect(await statusOf(service, id), `order ${id} of another partition`).to.equal(200);
    }
    const command = await call(older, 'POST', `/orders/${shippedOrder}/pay`, {});
    expect(command.problem).to.deep.include({ status: 503, may_have_been_done: false });
    const [other = ''] = others;
    const note = { text: 'by the older release' };
    expect((await call(older, 'POST', `/orders/${other}/note`, note, { prefer: 'respond-async' })).status).to.equal(
      200,
    );
    expect((await call(older, 'GET', '/health/ready')).body.status).to.equal('degraded');

    const projector = await start({ ORDERS_ROLES: 'projector' });
    expect(await older.stop()).to.equal(0);
    const order = await eventually(
      'the newer release to take the partition over',
      async () => {
        const found = await call(newer, 'GET', `/orders/${shippedOrder}`);
        return found.status === 200 && found.body;
      },
      60_000,
    );
    expect(JSON.stringify(order)).to.contain('T-2');
    await eventually('readiness', async () => (await call(projector, 'GET', '/health/ready')).body.status === 'ready');
  });

  it('after a rollback, it refuses commands on an order with such an event, and serves all other partitions', async () => {
    for (const service of started.splice(0)) await service.stop();
    const older = await startOlder();
    const ids = Object.keys(fixture.responses).flatMap((path) => /^\/orders\/([\da-f-]{36})$/.exec(path)?.[1] ?? []);
    for (const id of ids.filter((one) => !isSamePartition(one)))
      expect(await statusOf(older, id), `order ${id}`).to.equal(200);
    // The read models hold the event already. A command would have to read it, and guesses nothing.
    const command = await call(older, 'POST', `/orders/${shippedOrder}/pay`, {});
    expect(command.problem).to.deep.include({ status: 503, may_have_been_done: false });
    const metrics = await call(older, 'GET', '/orders/metrics');
    expect(metrics.status).to.equal(200);
  });
});
