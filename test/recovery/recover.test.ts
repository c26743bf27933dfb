import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readLogSettings } from '../../src/event-log/database.js';
import { openStream } from '../support/event-stream.js';
import {
  appender,
  noteEvent,
  operatorEventsOf,
  orderIdIn,
  place as placeOrder,
  startProjector,
} from '../support/events.js';
import { startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { projected } from '../support/read-models.js';
import { backUp, restore } from '../support/restore.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('orders recover', () => {
  let log: TestLog;
  let folder: string;
  const services: { stop(): Promise<unknown> }[] = [];
  beforeEach(async () => {
    log = await createTestLog(1);
    folder = await mkdtemp(join(tmpdir(), 'orders-recover-'));
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.stop()));
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });
  async function start(env: Record<string, string> = {}): Promise<RunningService> {
    const service = await startService(log, env);
    services.push(service);
    return service;
  }
  const startLocal = async (env: Record<string, string>) => {
    const service = await startLocalService(log, env);
    services.push(service);
    return service;
  };
  const isReady = (service: { url: string }) => async () =>
    (await call(service, 'GET', '/health/ready').catch(() => undefined))?.status === 200;
  async function place(service: { url: string }, total_amount = 10) {
    const { status, body, headers } = await call(service, 'POST', '/orders', { ...order, total_amount }, wait);
    expect(status).to.equal(201);
    return { id: body.order_id, position: headers.get('event-position') ?? '' };
  }
  const wait = { prefer: 'wait=10' };

  it('shows what was lost, starts a new epoch, and running processes start over in it', async () => {
    const [service, api] = [await start(), await start({ ORDERS_ROLES: 'api' })];
    const kept = await place(service);
    const backup = await backUp(log);
    await eventually('the services to be back', async () => (await isReady(service)()) && (await isReady(api)()));
    const lost = [await place(service, 20), await place(service, 30)];
    await call(service, 'POST', `/orders/${kept.id}/pay`, { amount: 5 }, wait);
    await call(api, 'POST', `/orders/${lost[0]?.id}/pay`, {}, wait);
    expect(lost.map(({ position }) => position)).to.deep.equal(['0:2', '0:3']);
    const reader = await openStream(`${service.url}/orders/stream`);
    const last = await place(service);
    const lastId = await eventually('the change', () => reader.messages[0]?.id);
    reader.close();
    await restore(log, backup);
    await eventually('the services to notice', async () =>
      (await Promise.all([service, api].map((one) => call(one, 'GET', '/health/ready')))).every(
        ({ status, body }) => status === 503 && /went back/.test(body.checks.event_log ?? ''),
      ),
    );

    const dryRun = await runOrders(log, ['recover', '--dry-run']);
    expect(dryRun.code, dryRun.output).to.equal(3);
    expect(dryRun.stdout).to.match(/partition +kept up to +known up to +lost\n +0 +1 +6 +5\n/);
    expect(dryRun.stdout).to.match(
      /lost: 5 events of 4 orders, 3 of them whole; 60.00 USD placed, 25.00 USD paid, nothing refunded/,
    );
    for (const { id } of lost) expect(dryRun.stdout).to.include(`${id} (whole order), user u-1: OrderPlaced`);
    expect(dryRun.stdout).to.match(new RegExp(`${kept.id}, user u-1: OrderPaid 0:4 5.00 USD`));

    const saved = join(folder, 'lost.ndjson');
    const recovered = await runOrders(log, ['recover', '--save', saved, '--reason', 'a test restored it']);
    expect(recovered.code, recovered.output).to.equal(0);
    const [, epoch = ''] = /epoch (2-[0-9a-f]{8}) of the log has started/.exec(recovered.stdout) ?? [];
    const events = (await readFile(saved, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type, position }) => [type, position])).to.have.deep.members([
      ['OrderPlaced', '0:2'],
      ['OrderPlaced', '0:3'],
      ['OrderPaid', '0:4'],
      ['OrderPaid', '0:5'],
      ['OrderPlaced', '0:6'],
    ]);
    const [recorded] = await operatorEventsOf(log);
    expect(recorded?.type).to.equal('LogEpochStarted');
    expect(recorded?.data).to.deep.include({ epoch, previous_epoch: '1', reason: 'a test restored it' });
    expect(recorded?.data).to.have.nested.property('lost.events', 5);
    expect(recorded?.metadata.actor).to.match(/^operator:/);

    await eventually(
      'the services to be back',
      async () => (await isReady(service)()) && (await isReady(api)()),
      30_000,
    );
    expect((await call(service, 'GET', `/orders/${kept.id}`)).body).to.include({ version: 1, paid_amount: 0 });
    for (const { id } of [...lost, last]) expect((await call(api, 'GET', `/orders/${id}`)).status).to.equal(404);
    const next = await place(api);
    // The operator event has position 2.
    expect(next.position).to.equal(`0:3@${epoch}`);
    const read = (position: string) =>
      call(api, 'GET', `/orders/${next.id}`, undefined, { 'min-event-position': position });
    expect((await read(next.position)).status).to.equal(200);
    expect((await read(kept.position)).status, 'a position from before the loss').to.equal(200);
    const gone = await read(lost[1]?.position ?? '');
    expect([gone.status, gone.problem.type]).to.deep.equal([410, '/problems/position-lost']);
    expect((await read('0:3@2-00000000')).status, 'an epoch that the log does not know').to.equal(410);

    const resumed = await openStream(`${api.url}/orders/stream`, { 'last-event-id': lastId });
    const [reset, change] = await eventually(
      'the change after the loss',
      () => resumed.messages.length > 1 && resumed.messages,
    );
    expect(reset?.event).to.equal('reset');
    expect(JSON.parse(reset?.data ?? '')).to.deep.include({ epoch, lost: [{ partition: 0, after: 1, up_to: 6 }] });
    expect(JSON.parse(change?.data ?? '')).to.include({ order_id: next.id, position: next.position });
    expect(change?.id).to.match(new RegExp(`^[0-9a-f]{8}_${epoch.replace('-', '_')}-`));
    resumed.close();
    const again = await openStream(`${api.url}/orders/stream`, { 'last-event-id': change?.id ?? '' });
    await place(api);
    const [following] = await eventually('the next change', () => again.messages.length > 0 && again.messages);
    expect(following?.event, 'no second reset').to.not.equal('reset');
    again.close();
    // They are removed in the background.
    const isOfFirstEpoch = (key: string) => !key.endsWith(':epoch');
    await eventually('the keys of the first epoch to be removed', async () => {
      const left = await log.redis.keys(`*orders:${log.settings.logId.slice(0, 8)}:*`);
      return !left.some(isOfFirstEpoch);
    });
  });

  it('serve refuses a log that ends before what Redis or the data folder knows, and serves after recover', async () => {
    const env = { ORDERS_DATA_DIR: folder };
    const first = await startLocal(env);
    await place(first);
    const backup = await backUp(log);
    await eventually('the service to be back', isReady(first));
    await place(first);
    await first.stop();
    await restore(log, backup);
    const refused = async () => {
      const error = await startLocal(env).catch((reason: unknown) => reason);
      expect(String(error)).to.match(/went back.*partition 0 ends at 1, but 2 was known.*orders recover --dry-run/s);
    };
    await refused();
    // Redis knows nothing: the data folder does.
    await log.redis.flushall();
    await refused();

    const recovered = await runOrders(log, ['recover', '--json'], env);
    expect(recovered.code, recovered.output).to.equal(0);
    expect(JSON.parse(recovered.stdout).new_epoch).to.match(/^2-[0-9a-f]{8}$/);
    const second = await startLocal(env);
    const { position } = await place(second);
    expect(position).to.match(/^0:3@2-/);
    await second.stop();
    // Restored to before the epoch.
    await restore(log, backup);
    const error = await startLocal(env).catch((reason: unknown) => reason);
    expect(String(error)).to.match(/knows epoch 2-[0-9a-f]{8} of the log, but the log is in epoch 1/);
    const { stdout } = await runOrders(log, ['recover', '--dry-run'], env);
    expect(stdout).to.match(/Redis knows epoch 2-[0-9a-f]{8}, which the log has lost/);
    expect(stdout).to.match(/lost: 1 events of 1 orders, 1 of them whole/);
    expect((await runOrders(log, ['recover'], env)).code).to.equal(0);
    const third = await startLocal(env);
    expect((await place(third)).position)
      .to.match(/^0:3@2-/)
      .and.not.equal(position);
  });

  it('does not overwrite a file, and says so before it changes anything', async () => {
    const file = join(folder, 'lost.ndjson');
    await writeFile(file, 'precious');
    const { code, output } = await runOrders(log, ['recover', '--save', file]);
    expect(code, output).to.equal(2);
    expect(output).to.include(`${file} exists already: name a new file for --save`);
    expect(await readFile(file, 'utf8')).to.equal('precious');
    expect((await readLogSettings(log.pool)).epochs.current).to.equal('1');
  });

  it('counts and saves each lost event of a large loss, and shows the first orders', async () => {
    const append = appender(log);
    const kept = Array.from({ length: 30 }, () => orderIdIn(0, 1));
    for (const orderId of kept) await placeOrder(append, orderId);
    const backup = await backUp(log);
    // Longer than a page of the read model.
    const paid = {
      ...noteEvent('later'),
      type: 'OrderPaid',
      data: JSON.stringify({ amount_minor: 100, payment_reference: null }),
    };
    const lost = Array.from({ length: 600 }, () => orderIdIn(0, 1));
    await Promise.all(kept.map((orderId) => append({ orderId, expectedVersion: 1, events: [paid, noteEvent('a')] })));
    await Promise.all(lost.map((orderId) => placeOrder(append, orderId)));
    await Promise.all(lost.slice(0, 50).map((orderId) => append({ orderId, expectedVersion: 1, events: [paid] })));
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    await restore(log, backup);
    const file = join(folder, 'lost.ndjson');
    const { code, stdout, output } = await runOrders(log, ['recover', '--dry-run', '--save', file]);
    expect(code, output).to.equal(3);
    expect(stdout).to.match(/lost: 710 events of 630 orders, 600 of them whole; 6000.00 USD placed, 80.00 USD paid/);
    expect(stdout).to.include('… and 610 more orders');
    expect(stdout.match(/^ {2}[0-9a-f-]{36}/gm)).to.have.length(20);
    const saved = (await readFile(file, 'utf8')).trim().split('\n');
    expect(new Set(saved.map((line) => JSON.parse(line).position)).size).to.equal(710);
    const asJson = await runOrders(log, ['recover', '--dry-run', '--json']);
    expect(asJson.code).to.equal(3);
    const document = JSON.parse(asJson.stdout);
    expect(document).to.deep.include({ log_id: log.settings.logId, epoch: '1', new_epoch: null, problems: [] });
    expect(document.lost).to.include({ events: 710, orders: 630, whole_orders: 600 });
    const position = { partition: 0, kept_up_to: 30, known_up_to: 740 };
    expect(document.lost_parts[0]).to.deep.equal({ source: 'read-models', ...position });
  });

  it('says which projection stopped, and that its read model is not complete', async () => {
    await placeOrder(appender(log), orderIdIn(0, 1));
    const orderId = orderIdIn(0, 1);
    const unknown = { ...noteEvent('x'), type: 'OrderTeleported' };
    await appender(log)({ orderId, expectedVersion: 0, events: [unknown] });
    const { code, output } = await runOrders(log, ['recover']);
    expect(code, output).to.equal(1);
    expect(output).to.match(/order-status stopped in partition 0 at position 2/);
    expect(output).not.to.include('hold the whole log');
  });
});
