import { appendFile, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../../src/project-path.js';
import { getMetrics } from '../../../src/queries/get-metrics.js';
import { startProjector } from '../../support/events.js';
import { importedFigures, cdnowMapping as mapping, seriesOf } from '../../support/imported-figures.js';
import { runOrders, spawnOrders } from '../../support/orders-command.js';
import { expectIntactLog, projected, queriesOf } from '../../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

const excerpt = projectPath('test/fixtures/cdnow-excerpt.csv');
describe('orders import', () => {
  let log: TestLog;
  let folder: string;
  beforeEach(async () => {
    log = await createTestLog();
    folder = await mkdtemp(join(tmpdir(), 'orders-import-'));
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const orders = (args: string[], killWhen?: () => Promise<boolean>) =>
    killWhen === undefined
      ? runOrders(log, args)
      : spawnOrders(log, args, {
          running: (kill) => void eventually('the moment to kill', killWhen, 60_000).then(kill),
        });
  const count = async () => (await log.owner.query('select count(*)::int as n from events')).rows[0].n as number;
  const figures = (currency?: string) => importedFigures(log, currency);

  it('orders import imports a CSV file according to its mapping, and a second import changes nothing', async () => {
    const file = join(folder, 'cdnow.csv');
    await copyFile(excerpt, file);
    const first = await orders(['import', file, ...mapping]);
    expect(first.output).to.match(/300 lines: 300 imported, 0 already there, 0 rejected/);
    expect(first.code).to.equal(0);
    const second = await orders(['import', file, ...mapping]);
    expect(second.output).to.match(/0 imported, 300 already there/);
    const { total_orders, units, revenue, series } = await figures();
    // Sums computed from the file with awk.
    expect({ total_orders, units, gross: revenue.gross }).to.deep.equal({
      total_orders: 300,
      units: 735,
      gross: 10460.13,
    });
    expect(series).to.deep.equal(await seriesOf(file));
    await expectIntactLog(log);
  });

  it('orders import matches the returns of a later file to orders in the log, and lists those of others', async () => {
    const header = 'no,original,user,at,sku,n,price,shipped\n';
    const options = [
      ...['--group-by', 'no', '--source', 'shop', '--returns', 'negative', '--total', 'computed'],
      ...['--set', 'currency=USD', '--map', 'user_id=user,occurred_at=at,item_id=sku,quantity=n,unit_price=price'],
      ...['--map', 'return_of=original,shipped_at=shipped,paid_at=shipped'],
    ];
    const [placed, shipped, returned] = [1, 2, 3].map((day) => `2026-01-0${day}T10:00:00Z`);
    const sales = join(folder, 'sales.csv');
    await writeFile(sales, `${header}1,,u,${placed},a,3,10,${shipped}\n`);
    expect((await orders(['import', sales, ...options])).output).to.match(/1 orders: 1 imported/);
    const returns = join(folder, 'returns.csv');
    await writeFile(returns, `${header}R1,1,u,${returned},a,-2,10,\nR2,7,u,${returned},a,-1,10,\n`);
    for (const counts of ['1 imported, 0 already there', '0 imported, 1 already there']) {
      const { output, code } = await orders(['import', returns, ...options]);
      expect(output).to.match(new RegExp(`2 orders: ${counts}, 0 rejected`));
      expect(output).to.match(/1 returns are listed/);
      expect(code).to.equal(0);
    }
    expect(await readFile(`${returns}.returns.ndjson`, 'utf8')).to.match(/"a return of an order that is not there"/);
    const { units, revenue } = await figures();
    expect([units, revenue.gross, revenue.refunded, revenue.cash]).to.deep.equal([3, 30, 20, 10]);
  });

  it('orders import writes rejected lines with number and reason to a file beside the input, and imports the others', async () => {
    const file = join(folder, 'some-bad.csv');
    await copyFile(excerpt, file);
    await appendFile(
      file,
      '7,19970101,1,12.345\n8,19971301,1,1\n,19970101,1,1\n9,19970101,0,1\n10,19970101,1,"5.00"\n',
    );
    const { code, output } = await orders(['import', file, ...mapping]);
    expect(output).to.match(/305 lines: 301 imported, 0 already there, 4 rejected/);
    expect(code).to.equal(3);
    const rejected = (await readFile(`${file}.rejected.ndjson`, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rejected.map(({ line, reason }) => [line, reason])).to.deep.equal([
      [
        302,
        'total_amount "12.345" must have at most 2 decimals (column "Amount"): correct the file, since a part of a cent is not rounded',
      ],
      [
        303,
        'column "Date" (occurred_at): "19971301" is no time that exists, in the format YYYYMMDD: ' +
          'correct the cell, or name a further format with another --date-format',
      ],
      [304, 'column "ID" (user_id) is empty: fill it in, or set --default user_id=VALUE'],
      [305, 'quantity 0 of "cd" must be >= 1 (column "Volume")'],
    ]);
  });

  it('orders import rejects a malformed CSV record without affecting the records around it', async () => {
    const file = join(folder, 'broken.csv');
    const parts = [
      'user,total,note',
      'u1,1.00,fine',
      'u2,2.00,"x"y',
      'u3,3.00,fine',
      'u4,4.00,"two lines,',
      '',
      'and an ""escaped"" quote"',
      `u5,5.00,${'z'.repeat(600_000)}`,
      'u6,6.00,5" pipe',
      'u7,7.00,fine',
      '',
      'u8,8.00,',
    ];
    await writeFile(
      file,
      Buffer.concat([
        Buffer.from(`${parts.join('\r\n')}\r\nu9,9.00,`),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('\nu10,10.00,\n'),
      ]),
    );
    const { output } = await orders([
      'import',
      file,
      '--map',
      'user_id=user,total_amount=total,metadata.note=note',
      '--set',
      'item_id=a,currency=USD,occurred_at=now',
    ]);
    expect(output).to.match(/10 lines: 6 imported, 0 already there, 4 rejected/);
    const rejected = (await readFile(`${file}.rejected.ndjson`, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rejected.map(({ line, reason }) => [line, String(reason).slice(0, 22)])).to.deep.equal([
      [3, 'The line is not CSV: I'],
      [8, 'The line is too long.'],
      [9, 'A quote is not closed:'],
      [13, 'The line is not UTF-8:'],
    ]);
    const { rows } = await log.owner.query(
      `select data->>'user_id' as user, data->'metadata'->>'note' as note from events order by (data->>'total_minor')::int`,
    );
    expect(rows.map(({ user }) => user)).to.deep.equal(['u1', 'u3', 'u4', 'u7', 'u8', 'u10']);
    expect(rows[2].note).to.equal('two lines,\n\nand an "escaped" quote');
  });

  it('orders import accepts the lines of a batch, counts lines inside quotes, and imports each line once', async () => {
    const ndjson = join(folder, 'orders.ndjson');
    const id = '018f0000-0000-7000-8000-00000000abcd';
    await writeFile(
      ndjson,
      `${JSON.stringify({ command: 'place', order_id: id, user_id: 'u', item_ids: ['a'], total_amount: 1 })}\n\n${JSON.stringify({ command: 'pay', order_id: id })}\nnonsense\n`,
    );
    expect((await orders(['import', ndjson])).output).to.match(/3 lines: 2 imported, 0 already there, 1 rejected/);
    expect((await orders(['import', ndjson])).output).to.match(/3 lines: 0 imported, 2 already there, 1 rejected/);
    expect(JSON.parse((await readFile(`${ndjson}.rejected.ndjson`, 'utf8')).trim()).line).to.equal(4);

    const csv = join(folder, 'quoted.csv');
    await writeFile(csv, 'user;note;total\n"u";"two\nlines";"1.00"\nv;x;no\n');
    const quoted = await orders([
      'import',
      csv,
      '--delimiter',
      ';',
      '--map',
      'user_id=user,total_amount=total,metadata.note=note',
      '--set',
      'item_id=a,currency=USD,occurred_at=now',
    ]);
    expect(quoted.output).to.match(/1 imported, 0 already there, 1 rejected/);
    expect(JSON.parse((await readFile(`${csv}.rejected.ndjson`, 'utf8')).trim()).line).to.equal(4);

    const history = await orders(['history', id]);
    const { events } = JSON.parse((await orders(['history', id, '--json'])).stdout);
    expect(events[0]).to.include({ version: 1, type: 'OrderPlaced' });
    expect(history.output).to.match(/placed by user u: 1 × a for 1\.00 USD[\s\S]*by import[\s\S]*paid 1\.00 USD/);
    const status = await orders(['status']);
    expect(status.output).to.match(/3 events in 16 partitions[\s\S]*order-status/);
  });

  const keyed = ['--map', 'user_id=user,total_amount=total', '--set', 'item_id=x,currency=EUR,occurred_at=now'];

  it('orders import with a key adds only new orders of a later export, whatever its name and its order of rows', async () => {
    const week = async (name: string, rows: string) => {
      const file = join(folder, name);
      await writeFile(file, `id,user,total\n${rows}`);
      return orders(['import', file, '--key', 'id', '--source', 'shop', ...keyed]);
    };
    expect((await week('week-1.csv', '1,a,10\n2,b,20\n')).output).to.match(/2 imported, 0 already there, 0 rejected/);
    const first = await log.owner.query('select order_id, occurred_at from events order by order_id');
    const later = await week('week-2.csv', '3,c,30\n2,b,20\n1,a,10\n');
    expect(later.output).to.match(/1 imported, 2 already there, 0 rejected/);
    expect(later.code).to.equal(0);
    expect(await count()).to.equal(3);
    const { rows } = await log.owner.query(
      'select order_id, occurred_at from events where order_id = any($1) order by order_id',
      [first.rows.map(({ order_id }) => order_id)],
    );
    expect(rows).to.deep.equal(first.rows);

    const changed = await week('week-3.csv', '1,a,11\n');
    expect(changed.output).to.match(/line 2: this order was imported before with other content/);
    expect(changed.code).to.equal(3);
    expect((await figures('EUR')).total_orders).to.equal(3);
  });

  it('orders import groups rows into orders, and a killed import continues with the same orders', async () => {
    const file = join(folder, 'lines.csv');
    const rows = Array.from({ length: 30_000 }, (_, nth) => {
      const no = nth % 10_000;
      return `N-${no},u-${no % 97},3.00,2026-01-${10 + (no % 20)}T00:00:00Z,sku-${nth},1,1.00`;
    });
    await writeFile(file, `no,user,total,at,sku,n,price\n${rows.join('\n')}\n`);
    const grouped = [
      ...['--map', 'user_id=user,total_amount=total,occurred_at=at,item_id=sku,quantity=n,unit_price=price'],
      ...['--set', 'currency=EUR', '--group-by', 'no'],
    ];
    const killed = await orders(['import', file, ...grouped], async () => (await count()) > 2_000);
    expect(killed.code).to.equal(null);
    expect(await count()).to.be.lessThan(10_000);
    const resumed = await orders(['import', file, ...grouped]);
    expect(resumed.output).to.match(/[1-9][\d,]* imported, [\d,]+ already there, 0 rejected/);
    expect(resumed.code).to.equal(0);
    expect(await count()).to.equal(10_000);
    expect((await readdir(folder)).filter((name) => name.includes('import-work'))).to.deep.equal([]);
    const { total_orders, units, revenue } = await figures('EUR');
    expect({ total_orders, units, gross: revenue.gross }).to.deep.equal({
      total_orders: 10_000,
      units: 30_000,
      gross: 30_000,
    });
    expect((await orders(['import', file, ...grouped])).output).to.match(/0 imported, 10,000 already there/);
  });

  it('orders import gives the steps of an order their own times, and a row that has grown adds only its new steps', async () => {
    const columns = ['paid_at', 'shipped_at', 'delivered_at', 'cancelled_at'];
    const life = [
      ...['--key', 'no', '--source', 'life', '--set', 'item_id=x,currency=EUR'],
      ...['--map', `user_id=user,total_amount=total,occurred_at=at,${columns.map((name) => `${name}=${name}`).join()}`],
    ];
    const run = async (rows: string) => {
      const file = join(folder, 'life.csv');
      await writeFile(file, `no,user,total,at,${columns.join()}\n${rows}`);
      return (await orders(['import', file, ...life])).output;
    };
    const day = (date: number) => `2025-01-${String(date).padStart(2, '0')}T10:00:00Z`;
    expect(await run(`1,u,5,${day(1)},${day(2)},,,\n2,u,5,${day(1)},,,,${day(3)}\n`)).to.match(/2 imported/);
    expect(await count()).to.equal(4);
    const grown = `1,u,5,${day(1)},${day(2)},${day(4)},${day(11)},\n2,u,5,${day(1)},,,,${day(3)}\n`;
    expect(await run(grown)).to.match(/1 imported, 1 already there, 0 rejected/);
    expect(await run(grown)).to.match(/0 imported, 2 already there, 0 rejected/);
    const { rows } = await log.owner.query(
      `select type, to_char(occurred_at at time zone 'UTC', 'FMDD') as day from events
       where order_id = (select order_id from events where type = 'OrderDelivered') order by version`,
    );
    expect(rows.map(({ type, day }) => `${type} ${day}`)).to.deep.equal([
      'OrderPlaced 1',
      'OrderPaid 2',
      'OrderProcessingStarted 4',
      'OrderShipped 4',
      'OrderDelivered 11',
    ]);
    const { processing_time, by_status } = await figures('EUR');
    expect(by_status).to.deep.equal({ delivered: 1, cancelled: 1 });
    expect(processing_time.placed_to_delivered.mean).to.equal(10 * 86_400);
  });

  it('orders import without a key refuses a file that has changed, unless its lines have kept their numbers', async () => {
    const file = join(folder, 'shop.csv');
    const run = (rows: string, ...more: string[]) =>
      writeFile(file, `user,total\n${rows}`).then(() => orders(['import', file, ...keyed, ...more]));
    const first = await run('a,10\nb,x\n');
    expect(first.output).to.match(/1 imported, 0 already there, 1 rejected/);
    expect(first.output).to.match(/identified by their line in this file: .* use --key COLUMN/);
    const newest = await run('c,30\na,10\n');
    expect(newest.code).to.equal(1);
    expect(newest.output).to.match(/"shop\.csv" has changed since it was imported on 20..-..-...*--key COLUMN/);
    expect(await count()).to.equal(1);
    const corrected = await run('a,10\nb,20\nc,30\n', '--same-lines');
    expect(corrected.output).to.match(/2 imported, 1 already there, 0 rejected/);
    expect((await run('a,10\nb,20\nc,30\n')).output).to.match(/0 imported, 3 already there/);
    expect(await count()).to.equal(3);

    const ndjson = join(folder, 'shop.ndjson');
    const line = (key: object) =>
      `${JSON.stringify({ command: 'place', user_id: 'u', item_ids: ['a'], total_amount: 1, ...key })}\n`;
    const lines = async (...keys: object[]) => {
      await writeFile(ndjson, keys.map(line).join(''));
      return (await orders(['import', ndjson])).output;
    };
    await lines({ idempotency_key: 'k-1' });
    expect(await lines({ idempotency_key: 'k-2' }, { idempotency_key: 'k-1' })).to.match(/1 imported, 1 already there/);
    expect(await lines({ idempotency_key: 'k-2' }, {})).to.match(/has changed since/);
  });

  it('orders import --preview and --dry-run place nothing and say what would be placed and rejected', async () => {
    const file = join(folder, 'shop.csv');
    await writeFile(file, 'user,total\na,10\nb,x\nc,5\n');
    const shown = await orders(['import', file, ...keyed, '--preview', '2']);
    expect(shown.stdout.split('\n')).to.deep.equal([
      'line  placed  user  order  items   total  then',
      '   2  now     a            1 × x  10 EUR',
      '   3',
      'line 3: column "total" (total_amount): "x" is not a number: correct the cell',
      'the first 2 orders; nothing was placed',
      '',
    ]);
    const checked = await orders(['import', file, ...keyed, '--dry-run']);
    expect(checked.output).to.match(/3 lines: 2 accepted, 0 already there, 1 rejected/);
    expect([shown.code, checked.code]).to.deep.equal([3, 3]);
    const reason = 'column "total" (total_amount): "x" is not a number: correct the cell';
    const shownJson = await orders(['import', file, ...keyed, '--preview', '2', '--json']);
    const { orders: previewed } = JSON.parse(shownJson.stdout);
    expect([shownJson.code, previewed[0].total, previewed[1].refused]).to.deep.equal([3, '10 EUR', reason]);
    const checkedJson = await orders(['import', file, ...keyed, '--dry-run', '--json']);
    expect(checkedJson.code).to.equal(3);
    expect(JSON.parse(checkedJson.stdout)).to.deep.include({
      ...{ file, unit: 'line', placed: false, imported: 2, already_there: 0, rejected: 1, returns: 0 },
      ...{ rejections: [{ line: 3, reason }], rejected_file: `${file}.dry-run.rejected.ndjson` },
    });
    expect(await count()).to.equal(0);
  });

  it('orders import waits until the read models have all of its orders', async () => {
    const file = join(folder, 'cdnow.csv');
    await copyFile(excerpt, file);
    const projector = await startProjector(log);
    try {
      await projected(log);
      expect((await orders(['import', file, ...mapping])).output).not.to.match(/read models/);
      expect(await getMetrics(queriesOf(log), { currency: 'USD' })).to.include({ total_orders: 300 });
    } finally {
      await projector.stop();
    }
    const alone = await orders(['import', file, ...mapping, '--source', 'again', '--no-wait', '--json']);
    expect(JSON.parse(alone.stdout)).to.include({ source: 'again', placed: true, imported: 300, rejected: 0 });
    expect(JSON.parse(alone.stdout).read_models_complete).to.equal(null);
  });

  const wrong: [string, string[], RegExp][] = [
    ['a missing file argument', ['import'], /orders import FILE/],
    ['a file that does not exist', ['import', '/nowhere.csv', ...mapping], /nowhere.csv does not exist/],
    ['a missing mapping', ['import', excerpt], /needs --map/],
    [
      'a column that does not exist',
      [
        'import',
        excerpt,
        '--map',
        'user_id=Customer,total_amount=Amount',
        '--set',
        'item_id=a,currency=USD,occurred_at=now',
      ],
      /no column "Customer"; it has ID, Date/,
    ],
    ['a field that does not exist', ['import', excerpt, '--map', 'customer=ID'], /no field "customer"/],
    [
      'a date format without a year',
      ['import', excerpt, ...mapping.slice(0, 4), '--date-format', 'DD.MM'],
      /needs YYYY/,
    ],
    ['an unknown option', ['import', excerpt, '--fast'], /--fast/],
    ['an unknown command', ['fly'], /no command "fly"/],
    ['an order that does not exist', ['history', '018f0000-0000-7000-8000-000000000000'], /there is no order/],
  ];
  for (const [what, args, message] of wrong) {
    it(`the command line explains ${what} without a stack trace`, async () => {
      const { code, output } = await orders(args);
      expect(code).to.be.oneOf([1, 2]);
      expect(output).to.match(message);
      expect(output).not.to.match(/\n\s+at /);
    });
  }

  /** The monthly series, computed by summing over the file. */
});
