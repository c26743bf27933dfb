import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { appender, event, orderIdIn, place } from '../support/events.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { startReceiver } from '../support/receiver.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, getHistory } from '../support/service.js';

const placed = { user_id: 'u-1', currency: 'USD', total_minor: 1000, metadata: {} };

/** Bodies of all commands on an order. */
const commands = {
  amend: { total_amount: 5, reason: 'r' },
  pay: {},
  process: {},
  ship: {},
  track: { shipment_id: '1', carrier: 'DHL' },
  deliver: {},
  cancel: { reason: 'r' },
  refund: { reason: 'r' },
  credit: { reason: 'r' },
  return: { reason: 'r' },
  hold: { reason: 'r' },
  release: { reason: 'r' },
  note: { text: 't' },
};

describe('an event that was written past the service', () => {
  let folder: string;
  let log: TestLog;
  let service: LocalService;
  /** Its OrderPlaced has no items. */
  const malformed = orderIdIn(0, 2);
  /** Its second event is a delivery of a line that the order does not have. */
  const impossible = orderIdIn(1, 2);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-unreadable-'));
    const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(join(folder, 'key.pem'), key);
    log = await createTestLog(2);
    service = await startLocalService(log, {
      LOG_LEVEL: 'silent',
      ORDERS_SIGNING_KEY_FILES: join(folder, 'key.pem'),
      ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes',
    });
    const append = appender(log);
    await append({ orderId: malformed, expectedVersion: 0, events: [event('OrderPlaced', placed)] });
    await place(append, impossible);
    const delivery = { items: [{ line_id: '9', item_id: 'a', quantity: 1 }], shipment_id: null };
    const delivered = { ...event('OrderDelivered', delivery), metadata: '{"schema":2,"actor":"test"}' };
    await append({ orderId: impossible, expectedVersion: 1, events: [delivered] });
  });
  after(async () => {
    await service?.stop();
    await log?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const malformedName =
    `OrderPlaced at position 1 of partition 0, version 1 of order ${malformed}, cannot be applied: ` +
    'its data has no valid /items';
  const impossibleName = `OrderDelivered at position 2 of partition 1, version 2 of order ${impossible}, cannot be applied`;

  for (const [name, body] of Object.entries(commands)) {
    it(`makes ${name} a problem that names the event, and appends nothing`, async () => {
      for (const [orderId, detail] of [
        [malformed, malformedName],
        [impossible, impossibleName],
      ]) {
        const { status, problem } = await call(service, 'POST', `/orders/${orderId}/${name}`, body);
        expect([status, problem.type, problem.detail, problem.may_have_been_done]).to.deep.equal([
          500,
          '/problems/unreadable-event',
          `${detail}. Nothing was changed.`,
          false,
        ]);
      }
    });
  }

  it('makes placing the order again and a line of a batch such a problem', async () => {
    const order = { order_id: malformed, user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
    for (const headers of [{}, { 'idempotency-key': 'k' }]) {
      const { problem } = await call(service, 'POST', '/orders', order, headers);
      expect(problem.type).to.be.oneOf(['/problems/unreadable-event', '/problems/order-exists']);
    }
    const { text } = await call(service, 'POST', '/orders/batch', `{"command":"pay","order_id":"${malformed}"}\n`, {
      'content-type': 'application/x-ndjson',
    });
    expect(JSON.parse(text).problem.type).to.equal('/problems/unreadable-event');
  });

  it('makes queries that fold the history a problem that names the event', async () => {
    await eventually('the history', async () =>
      (await call(service, 'GET', `/orders/${impossible}/history`)).text.includes('OrderDelivered'),
    );
    for (const path of [
      '?version=2',
      '?at=2199-01-01T00:00:00Z',
      '/commands',
      '/history?diff=true',
      '/history?diff=true&from=1&to=2',
    ]) {
      const { status, problem } = await call(service, 'GET', `/orders/${impossible}${path}`);
      expect([status, problem.type, problem.detail], path).to.deep.equal([
        500,
        '/problems/unreadable-event',
        `${impossibleName}.`,
      ]);
    }
    expect((await call(service, 'GET', `/orders/${impossible}?version=1`)).status).to.equal(200);
  });

  it('stays in the proof of its order, in the log that auditors browse, and in exports', async () => {
    const proof = await call(service, 'GET', `/orders/${malformed}/history?proof=true`);
    expect(JSON.parse(proof.text).events).to.have.length(1);
    const { events } = (await call(service, 'GET', `/audit/events?order_id=${malformed}`)).body;
    expect(events.map(({ data, is_intact }) => [data.total_minor, is_intact])).to.deep.equal([[1000, true]]);
    const exported = await runOrders(log, ['export', '--user', 'u-1', '--format', 'ndjson']);
    expect([exported.code, exported.stdout.includes(malformed)], exported.output).to.deep.equal([0, true]);
  });

  it('ends orders history with its position and what is wrong with it', async () => {
    const history = await runOrders(log, ['history', malformed]);
    expect(history.code).to.equal(1);
    expect(history.output).to.match(
      /OrderPlaced at 0:1, version 1 of the order, cannot be applied: its data has no valid \/items/,
    );
  });

  it('stops projections, which say what is wrong with it', async () => {
    const stopped = await eventually('the stop', async () => {
      const { projections } = (await call(service, 'GET', '/projections')).body;
      return projections.find(({ name }) => name === 'metrics')?.partitions[0]?.stopped;
    });
    expect([stopped.position, stopped.error]).to.deep.equal([1, 'its data has no valid /items']);
  });

  it('is a failed delivery of a webhook that names it if its metadata is malformed', async () => {
    const receiver = await startReceiver();
    const { webhook_id: id } = (await call(service, 'POST', '/webhooks', { url: `${receiver.url}/hook` })).body;
    const orderId = orderIdIn(0, 2);
    const unnamed = { ...event('OrderPlaced', placed), metadata: 'null' };
    await appender(log)({ orderId, expectedVersion: 0, events: [unnamed] });
    const failed = await eventually('the attempt', async () => {
      const { deliveries } = (await call(service, 'GET', `/webhooks/${id}/deliveries`)).body;
      return deliveries.find((one) => one.order_id === orderId);
    });
    expect(failed.result).to.equal('failed');
    expect(failed.error).to.match(
      /^OrderPlaced at position \d+ of partition 0, version 1 of order .* cannot be applied/,
    );
    receiver.stop();
  });
});

describe('an event whose personal data does not open', () => {
  let folder: string;
  let log: TestLog;
  let service: LocalService;
  let env: Record<string, string>;
  let orderId: string;
  let name: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-unopenable-'));
    const file = join(folder, 'key');
    await writeFile(file, `${randomBytes(32).toString('base64')}\n`);
    env = { LOG_LEVEL: 'silent', ORDERS_PERSONAL_DATA_KEY_FILE: file };
    log = await createTestLog(2);
    service = await startLocalService(log, env);
    const order = { user_id: 'Ada', item_ids: ['a'], total_amount: 10 };
    orderId = (await call(service, 'POST', '/orders', order, { prefer: 'wait=10' })).body.order_id;
    // A note that is sealed with the person's key in the log, but with other bytes.
    const { rows } = await log.owner.query('select partition, metadata::text from events where order_id = $1', [
      orderId,
    ]);
    const [{ partition, metadata }] = rows;
    const sealed = { ...event('OrderNoteAdded', { sealed: randomBytes(64).toString('base64url') }), metadata };
    await appender(log)({ orderId, expectedVersion: 1, events: [sealed] });
    name = `OrderNoteAdded at position 2 of partition ${partition}, version 2 of order ${orderId}, cannot be applied`;
  });
  after(async () => {
    await service?.stop();
    await log?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('makes each command on its order a problem that names the event, and appends nothing', async () => {
    for (const [command, body] of Object.entries(commands)) {
      const { status, problem } = await call(service, 'POST', `/orders/${orderId}/${command}`, body);
      expect([status, problem.type, problem.detail, problem.may_have_been_done], command).to.deep.equal([
        500,
        '/problems/unreadable-event',
        `${name}. Nothing was changed.`,
        false,
      ]);
    }
  });

  it('stops projections, which say what is wrong with it, and queries show the order before it', async () => {
    const stops = await eventually('the stops', async () => {
      const { projections } = (await call(service, 'GET', '/projections')).body;
      const found = projections.flatMap(({ partitions }) => partitions.flatMap(({ stopped }) => stopped ?? []));
      return found.length === projections.length && found;
    });
    for (const { position, error } of stops)
      expect([position, error]).to.deep.equal([2, 'the event’s sealed data does not open with its person’s key']);
    const { body } = await call(service, 'GET', `/orders/${orderId}`);
    expect([body.version, body.user_id]).to.deep.equal([1, 'Ada']);
    expect((await getHistory(service, orderId)).events).to.have.length(1);
  });

  it('is shown as it is stored to auditors, and named by orders history', async () => {
    const { events } = (await call(service, 'GET', `/audit/events?order_id=${orderId}`)).body;
    expect(events.map(({ is_sealed, is_intact }) => [is_sealed, is_intact])).to.deep.equal([
      [false, true],
      [true, true],
    ]);
    const history = await runOrders(log, ['history', orderId], env);
    expect(history.code).to.equal(1);
    expect(history.output).to.include(`${name}: the event’s sealed data does not open with its person’s key`);
  });
});
