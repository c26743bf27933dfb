import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import pg from 'pg';
import { orderEventTypes } from '../../src/orders/upcast.js';
import { currencyExponent } from '../../src/orders/values/currency.js';
import { projectPath } from '../../src/project-path.js';
import { getOrder } from '../../src/queries/get-order.js';
import { anyCommand } from '../support/any-command.js';
import { blocksRunBy } from '../support/block-runs.js';
import { createDataDir } from '../support/data-dir.js';
import { appender, commandHandlers, orderIdIn, startProjector } from '../support/events.js';
import { startLocalService } from '../support/local-service.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('The views for analysts', () => {
  let log: TestLog;
  let analyst: pg.Client;
  before(async () => {
    log = await createTestLog(4);
    const login = `analyst_${Math.random().toString(36).slice(2)}`;
    await log.owner.query(`create role ${login} login password 'x'`);
    await log.owner.query(`grant orders_service_analyst to ${login}`);
    const url = new URL(log.databaseUrl);
    url.username = login;
    url.password = 'x';
    analyst = new pg.Client({ connectionString: url.href });
    await analyst.connect();
  });
  after(async () => {
    const { user } = analyst;
    await analyst.end();
    await log.owner.query(`drop role ${user}`);
    await log.close();
  });

  const rowsOf = async (sql: string) => (await analyst.query<Record<string, unknown>>(sql)).rows;

  it('analysis_orders has the states, sums and counts of the read model for every sequence of commands', async () => {
    const projector = await startProjector(log);
    const { handleCommand: handle } = commandHandlers(log);
    const orderIds: string[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCommand, { minLength: 5, maxLength: 25 }),
        fc.integer({ min: 0, max: 3 }),
        async (commands, partition) => {
          const orderId = orderIdIn(partition, 4);
          orderIds.push(orderId);
          const place = {
            command: 'place' as const,
            userId: 'ada',
            currency: 'USD',
            totalAmount: 20,
            itemIds: ['a', 'b'],
          };
          await handle({ orderId, actor: 'test', command: place });
          for (const command of commands) await handle({ orderId, actor: 'test', command });
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
    await projected(log);
    await expectOrders(orderIds);
    await projector.stop();
  });

  it('analysis_orders reads events of schema version 1 as the service does', async () => {
    const orderIds = await appendSchema1();
    const projector = await startProjector(log);
    await projected(log);
    await expectOrders(orderIds);
    await projector.stop();
  });

  it('there is one view per event type, whose rows are the events of that type', async () => {
    for (const type of orderEventTypes) {
      const view = `analysis_${type.replace(/(?<=.)[A-Z]/g, '_$&').toLowerCase()}`;
      const [found] = await rowsOf(`select count(*)::int as count from ${view}`);
      const { rows } = await log.owner.query('select count(*)::int as count from events where type = $1', [type]);
      expect(found, view).to.deep.equal(rows[0]);
    }
    expect(await rowsOf('select distinct currency from analysis_order_placed order by 1')).to.deep.include({
      currency: 'USD',
    });
  });

  it('the lines of an order are those that were last ordered', async () => {
    const { handleCommand: handle } = commandHandlers(log);
    const orderId = orderIdIn(1, 4);
    const place = { command: 'place' as const, userId: 'grace', currency: 'USD', totalAmount: 20, itemIds: ['a'] };
    await handle({ orderId, actor: 'test', command: place });
    const items = [
      { item_id: 'b', quantity: 3, unit_price: '2.50' },
      { item_id: 'c', quantity: 2, unit_price: '1.0050' },
    ];
    await handle({ orderId, actor: 'test', command: { command: 'amend', items, reason: 'r' } });
    const lines = await rowsOf(`select * from analysis_order_lines where order_id = '${orderId}' order by line_number`);
    expect(lines).to.deep.equal([
      {
        order_id: orderId,
        line_number: 1,
        line_id: '1',
        item_id: 'b',
        quantity: '3',
        unit_price_minor: '250',
        unit_price_micro: null,
      },
      {
        order_id: orderId,
        line_number: 2,
        line_id: '2',
        item_id: 'c',
        quantity: '2',
        unit_price_minor: null,
        unit_price_micro: '1005000',
      },
    ]);
  });

  it('a customer is one pseudonym, and no view shows personal data', async () => {
    const { handleCommand: handle } = commandHandlers(log);
    const secrets = ['zoe@example.org', 'secret-phone', 'T-secret', 'private matter'];
    const orderIds = [orderIdIn(0, 4), orderIdIn(2, 4)];
    for (const orderId of orderIds) {
      const send = (command: Parameters<typeof handle>[0]['command']) =>
        handle({ orderId, actor: 'zoe@example.org', command });
      await send({
        command: 'place',
        userId: 'zoe@example.org',
        currency: 'USD',
        totalAmount: 1,
        itemIds: ['a'],
        metadata: { phone: 'secret-phone' },
      });
      await send({ command: 'process' });
      await send({ command: 'ship', carrier: 'DHL', trackingNumber: 'T-secret' });
      await send({ command: 'track', shipmentId: '1', trackingNumber: 'T-secret-2' });
      await send({ command: 'note', text: 'private matter' });
      await send({ command: 'amend', metadata: { phone: 'secret-phone' } });
    }
    const views = await rowsOf(
      `select table_name as name from information_schema.views where table_name like 'analysis%'`,
    );
    expect(views.length).to.equal(orderEventTypes.length + 2);
    for (const { name } of views) {
      const text = JSON.stringify(await rowsOf(`select * from ${name}`));
      for (const secret of secrets) expect(text, `${name}: ${secret}`).not.to.include(secret);
    }
    const found = await rowsOf(
      `select distinct person from analysis_orders where order_id in ('${orderIds.join("','")}')`,
    );
    expect(found).to.have.length(1);
    expect(found[0]?.person).to.match(/^[0-9a-f-]{36}$/);
    const placed = await rowsOf(`select person from analysis_order_placed where order_id = '${orderIds[0]}'`);
    expect(placed).to.deep.equal(found);
  });

  it('a customer whose data is sealed is named after the key that seals it', async () => {
    const dataDir = await createDataDir('analysis');
    const keyFile = join(dataDir, 'personal.key');
    await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    const service = await startLocalService(log, { ORDERS_PERSONAL_DATA_KEY_FILE: keyFile });
    const { body } = await call(service, 'POST', '/orders', { user_id: 'eve', item_ids: ['a'], total_amount: 1 });
    await service.stop();
    const { rows } = await log.owner.query('select person from person_keys');
    expect(rows).to.have.length(1);
    for (const view of ['analysis_orders', 'analysis_order_placed']) {
      expect(await rowsOf(`select person from ${view} where order_id = '${body.order_id}'`), view).to.deep.equal(rows);
    }
  });

  it('texts that PostgreSQL cannot decode are shown with U+FFFD', async () => {
    const orderId = orderIdIn(3, 4);
    const placed = { user_id: 'u', currency: 'USD', total_minor: 1, items: [{ item_id: 'a', quantity: 1 }] };
    const reference = String.raw`"\\u0000 \u0000\u0000 \\\u0000 \ud83d\ude00 \ud83d\ud83d\ude00\ude00"`;
    await appender(log)({
      orderId,
      expectedVersion: 0,
      events: [
        {
          type: 'OrderPlaced',
          data: JSON.stringify(placed).replace(/}$/, `,"reference":${reference}}`),
          metadata: JSON.stringify({ schema: 2, actor: '\0' }),
          occurredAt: '2026-01-01T00:00:00.000Z',
        },
      ],
    });
    for (const view of ['analysis_order_placed', 'analysis_orders']) {
      const rows = await rowsOf(`select reference from ${view} where order_id = '${orderId}'`);
      expect(rows, view).to.deep.equal([{ reference: '\\u0000 \ufffd\ufffd \\\ufffd 😀 \ufffd😀\ufffd' }]);
    }
    const lines = await rowsOf(`select item_id from analysis_order_lines where order_id = '${orderId}'`);
    expect(lines).to.deep.equal([{ item_id: 'a' }]);
  });

  it('an analyst can read nothing but the views, and change nothing', async () => {
    for (const table of ['events', 'person_keys', 'api_keys', 'webhooks', 'analysis_pseudonyms', 'log_settings']) {
      const error = await analyst.query(`select from ${table}`).catch((failed: Error) => failed);
      expect(String(error), table).to.match(/permission denied/);
    }
    const error = await analyst.query('delete from analysis_order_paid').catch((failed: Error) => failed);
    expect(String(error)).to.match(/permission denied|cannot delete from view/);
  });

  it('the queries of docs/analysis.md run', async () => {
    const queries = blocksRunBy('test/analysis/views.test.ts').map(({ code }) => code);
    expect(queries).to.have.length(3);
    for (const sql of queries) expect(await rowsOf(sql), sql).not.to.have.length(0);
  });

  it('docs/analysis.md describes every view and every column', async () => {
    const text = readFileSync(projectPath('docs/analysis.md'), 'utf8');
    const columns = await rowsOf(
      `select table_name as view, string_agg(column_name, ' ' order by ordinal_position) as columns
       from information_schema.columns where table_name like 'analysis%' group by 1 order by 1`,
    );
    expect(columns.length).to.be.greaterThan(10);
    for (const { view, columns: names } of columns) {
      const row = new RegExp(`^\\| \`${view}\` \\|(.*)$`, 'm').exec(text)?.[1] ?? '';
      const missing = String(names)
        .split(' ')
        .filter((name) => !envelope.includes(name) && !row.includes(`\`${name}\``));
      expect(missing, String(view)).to.deep.equal([]);
    }
  });

  /** Appends the orders of the fixture as version 1 stored them. */
  async function appendSchema1(): Promise<string[]> {
    const append = appender(log);
    const lines = readFileSync(projectPath('test/fixtures/orders-of-schema-1.ndjson'), 'utf8').trimEnd().split('\n');
    return Promise.all(
      lines.map(async (line, nth) => {
        const { events } = JSON.parse(line) as { events: [string, object][] };
        const orderId = orderIdIn(nth % 4, 4);
        const metadata = JSON.stringify({ schema: 1, actor: 'test' });
        await append({
          orderId,
          expectedVersion: 0,
          events: events.map(([type, data]) => {
            return { type, data: JSON.stringify(data), metadata, occurredAt: '2026-01-01T00:00:00.000Z' };
          }),
        });
        return orderId;
      }),
    );
  }

  async function expectOrders(orderIds: readonly string[]): Promise<void> {
    const rows = new Map((await rowsOf('select * from analysis_orders')).map((row) => [row.order_id, row]));
    for (const orderId of orderIds) {
      const found = await getOrder(queriesOf(log), orderId);
      const order = JSON.parse(found?.json ?? '{}');
      const row = rows.get(orderId);
      const minor = (amount: number) => String(Math.round(amount * 10 ** (currencyExponent(order.currency) ?? 0)));
      const units = (name: string) =>
        String(order.items.reduce((sum: number, item: Record<string, number>) => sum + (item[name] ?? 0), 0));
      expect(row, orderId).to.deep.include({
        status: order.status,
        payment_status: order.payment_status,
        version: order.version,
        currency: order.currency,
        reference: order.reference ?? null,
        units_ordered: units('quantity'),
        units_cancelled: units('cancelled'),
        units_shipped: units('shipped'),
        units_delivered: units('delivered'),
        units_returned: units('returned'),
        total_minor: minor(order.total_amount),
        cancelled_minor: minor(order.cancelled_amount),
        credited_minor: minor(order.credited_amount),
        paid_minor: minor(order.paid_amount),
        refunded_minor: minor(order.refunded_amount),
        balance_minor: minor(order.balance),
      });
      const times = [row?.placed_at, row?.updated_at].map((at) => (at instanceof Date ? at.toISOString() : at));
      expect(times).to.deep.equal([order.placed_at, order.updated_at]);
    }
  }
});

/** The columns that the views of events have in common. */
const envelope = ['partition', 'position', 'order_id', 'version', 'occurred_at', 'recorded_at'];
