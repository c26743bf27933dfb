import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../../src/project-path.js';
import { importedFigures } from '../../support/imported-figures.js';
import { runOrders } from '../../support/orders-command.js';
import { expectIntactLog } from '../../support/read-models.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

/** Olist's files of four orders, joined with the command in docs/import.md. */
const joined = projectPath('test/fixtures/import/olist-payments.csv');

describe('orders import of several payments per order', () => {
  let log: TestLog;
  let folder: string;
  beforeEach(async () => {
    log = await createTestLog();
    folder = await mkdtemp(join(tmpdir(), 'orders-payments-'));
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (rows: string) => {
    const file = join(folder, 'olist.csv');
    await writeFile(file, rows);
    return runOrders(log, ['import', file, '--preset', 'olist', '--time-zone', 'America/Sao_Paulo']);
  };
  /** Per order, its total, its units and its payments, in cents and in the order of the log. */
  const money = async () => {
    const { rows } = await log.owner.query(
      `select max(data->>'reference') as reference, max((data->>'total_minor')::int) as total,
              array_agg((data->>'amount_minor')::int order by version) filter (where type = 'OrderPaid') as paid,
              max(jsonb_array_length(data->'items')) filter (where type = 'OrderPlaced') as lines
       from (select order_id, type, version, data::jsonb as data from events) e group by order_id order by 1`,
    );
    return rows.map(({ reference, total, lines, paid }) => [reference.slice(0, 3), total, lines, paid]);
  };

  it('payments joined with lines are exact to the cent, a second import changes nothing, and a new payment adds only itself', async () => {
    const file = await readFile(joined, 'utf8');
    const first = await run(file);
    expect(first.output).to.match(/4 orders: 4 imported, 0 already there, 0 rejected/);
    expect(first.code).to.equal(0);
    const before = [
      ['00a', 4_780, 2, [3_780, 1_000]],
      ['136', 6_595, 1, null],
      ['827', 1_818, 2, [500, 500]],
      ['e48', 3_871, 1, [3_871]],
    ];
    expect(await money()).to.deep.equal(before);
    expect((await run(file)).output).to.match(/0 imported, 4 already there, 0 rejected/);
    expect(await money()).to.deep.equal(before);

    // The file has no payment 1 of this order, which comes before those that were imported.
    const rows = file.trim().split('\n');
    const card = rows.filter((row) => row.endsWith(',2,voucher,5.00'));
    expect(card).to.have.length(2);
    const later = [...rows, ...card.map((row) => row.replace(/2,voucher,5\.00$/, '1,credit_card,8.18'))];
    const count = async () => (await log.owner.query('select count(*)::int as n from events')).rows[0].n as number;
    const events = await count();
    expect((await run(`${later.join('\n')}\n`)).output).to.match(/1 imported, 3 already there, 0 rejected/);
    expect(await count()).to.equal(events + 1);
    expect((await money())[2]).to.deep.equal(['827', 1_818, 2, [500, 500, 818]]);

    const { total_orders, units, revenue } = await importedFigures(log, 'BRL');
    expect({ total_orders, units, gross: revenue.gross, paid: revenue.paid }).to.deep.equal({
      ...{ total_orders: 4, units: 6, gross: 170.64, paid: 104.69 },
    });
    await expectIntactLog(log);
  });

  it('an order whose lines payments may repeat places nothing without ids of lines, and names the option', async () => {
    const file = join(folder, 'shop.csv');
    const rows = ['1,10.00,A,6.00', '1,10.00,B,4.00', '2,5.00,A,5.00'];
    await writeFile(file, `no,price,pay,amount\n${rows.join('\n')}\n`);
    const options = [
      ...['--group-by', 'no', '--source', 'shop', '--total', 'computed', '--set', 'user_id=u,item_id=x,currency=EUR'],
      ...['--set', 'occurred_at=2026-01-01T00:00:00Z,paid_at=2026-01-02T00:00:00Z'],
      ...['--map', 'reference=no,unit_price=price,payment_id=pay,paid_amount=amount'],
    ];
    const refused = await runOrders(log, ['import', file, ...options]);
    expect(refused.output).to.match(/1 imported, 0 already there, 1 rejected/);
    expect(refused.output).to.match(/the order has several payments, .* map line_id=COLUMN .* --set line_id=1/);
    expect(refused.code).to.equal(3);
    expect(await money()).to.deep.equal([['2', 500, 1, [500]]]);
  });

  it('an order that was imported with other content gets no payments either', async () => {
    const file = join(folder, 'shop.csv');
    const options = [
      ...['--group-by', 'no', '--source', 'shop', '--total', 'computed', '--set', 'user_id=u,item_id=x,currency=EUR'],
      ...['--set', 'occurred_at=2026-01-01T00:00:00Z,paid_at=2026-01-02T00:00:00Z'],
      ...['--map', 'reference=no,unit_price=price,payment_id=pay,paid_amount=amount'],
    ];
    await writeFile(file, 'no,price,pay,amount\n1,10.00,A,6.00\n');
    expect((await runOrders(log, ['import', file, ...options])).output).to.match(/1 imported/);
    await writeFile(file, 'no,price,pay,amount\n1,12.00,A,6.00\n1,,B,6.00\n');
    const changed = await runOrders(log, ['import', file, ...options]);
    expect(changed.output).to.match(
      /other content, or with its rows in another order; the order in the log was not changed/,
    );
    expect(await money()).to.deep.equal([['1', 1_000, 1, [600]]]);
  });

  describe('if the mapping has changed since the order was imported', () => {
    const columns = 'no,line,price,pay,amount,back,given';
    const options = [
      ...['--group-by', 'no', '--source', 'shop', '--total', 'computed', '--set', 'user_id=u,item_id=x,currency=EUR'],
      ...['--set', 'occurred_at=2026-01-01T00:00:00Z,paid_at=2026-01-02T00:00:00Z'],
      ...['--map', 'reference=no,line_id=line,unit_price=price,paid_amount=amount'],
    ];
    const refunds = ['--set', 'refunded_at=2026-01-03T00:00:00Z', '--map', 'refunded_amount=given'];
    const importRows = async (rows: readonly string[], more: readonly string[]) => {
      const file = join(folder, 'shop.csv');
      await writeFile(file, `${columns}\n${rows.join('\n')}\n`);
      return (await runOrders(log, ['import', file, ...options, ...more])).output;
    };
    const moneyEvents = async () => {
      const { rows } = await log.owner.query(
        `select data::jsonb->>'amount_minor' as amount from events where type in ('OrderPaid', 'OrderRefunded')
         order by occurred_at, version`,
      );
      return rows.map(({ amount }) => Number(amount));
    };

    it('payments are not recorded once more with payment_id, nor once more without it', async () => {
      const [one, two] = ['1,1,10.00,A,10.00,,', '2,1,5.00,A,5.00,,'];
      expect(await importRows([one], [])).to.match(/1 imported/);
      const withId = ['--map', 'payment_id=pay'];
      const refused = await importRows([one, two], withId);
      expect(refused).to.match(/1 imported, 0 already there, 1 rejected/);
      expect(refused).to.match(/without payment_id has recorded money .* leave payment_id out of --map/);
      expect(await moneyEvents()).to.deep.equal([1_000, 500]);
      expect(await importRows([two], withId)).to.match(/0 imported, 1 already there, 0 rejected/);
      expect(await importRows([two], [])).to.match(/with payment_id has recorded money .*--map payment_id=COLUMN/);
      expect(await importRows([one], [])).to.match(/0 imported, 1 already there, 0 rejected/);
      expect(await moneyEvents()).to.deep.equal([1_000, 500]);
    });

    it('payments are not recorded once more with the ids of another column', async () => {
      const row = '1,1,10.00,A,10.00,R,4.00';
      expect(await importRows([row], ['--map', 'payment_id=pay'])).to.match(/1 imported/);
      for (const other of [
        ['--map', 'payment_id=back'],
        ['--set', 'payment_id=A'],
      ]) {
        const refused = await importRows([row], other);
        expect(refused).to.match(/0 imported, 0 already there, 1 rejected/);
        expect(refused).to.match(
          /another column for payment_id has recorded money .*--map payment_id=COLUMN as before/,
        );
      }
      expect(await importRows([row], ['--map', 'payment_id=pay'])).to.match(/0 imported, 1 already there/);
      expect(await moneyEvents()).to.deep.equal([1_000]);
    });

    it('refunds are not recorded once more with refund_id, nor once more without it', async () => {
      const [one, two] = ['1,1,10.00,A,10.00,R,4.00', '2,1,5.00,A,5.00,R,3.00'];
      const withId = [...refunds, '--map', 'refund_id=back'];
      expect(await importRows([one], refunds)).to.match(/1 imported/);
      expect(await importRows([one], withId)).to.match(/without refund_id has recorded money .* leave refund_id out/);
      expect(await importRows([two], withId)).to.match(/1 imported/);
      expect(await importRows([two], refunds)).to.match(/with refund_id has recorded money .*--map refund_id=COLUMN/);
      expect(await moneyEvents()).to.deep.equal([1_000, 500, 400, 300]);
    });

    it('an order whose rows are sorted in another way is already there, by the ids of its lines', async () => {
      const rows = ['1,2', '1,10'].flatMap((line) => ['A', 'B'].map((id) => `${line},10.00,${id},10.00,,`));
      const withId = ['--map', 'payment_id=pay'];
      expect(await importRows(rows, withId)).to.match(/1 imported/);
      expect(await importRows(rows.toReversed(), withId)).to.match(/0 imported, 1 already there, 0 rejected/);
      expect(await moneyEvents()).to.deep.equal([1_000, 1_000]);
    });
  });

  it('a preview refuses what a dry run and the import refuse, in the same words', async () => {
    const file = join(folder, 'shop.csv');
    await writeFile(file, 'no,price,pay,amount\n1,10.00,A,6.666\n');
    const options = [
      ...['--group-by', 'no', '--total', 'computed', '--set', 'user_id=u,item_id=x,currency=EUR'],
      ...['--set', 'occurred_at=2026-01-01T00:00:00Z,paid_at=2026-01-02T00:00:00Z'],
      ...['--map', 'unit_price=price,payment_id=pay,paid_amount=amount'],
    ];
    const reasons: string[] = [];
    for (const how of [['--preview', '5'], ['--dry-run'], []]) {
      const { output, code } = await runOrders(log, ['import', file, ...options, ...how]);
      expect(code).to.equal(3);
      reasons.push(
        /line 2: (the order is placed, but pay of 6\.666 was refused: .*\(column "amount"\))/.exec(output)?.[1] ??
          output,
      );
    }
    expect(new Set(reasons), reasons.join('\n')).to.have.length(1);
  });

  it('the documentation joins the columns that the import is tested with', async () => {
    const page = await readFile(projectPath('docs/import.md'), 'utf8');
    const selected = /select o\.\*, ([\s\S]*?)\s+from o /.exec(page)?.[1]?.split(/,\s+/);
    const [header = ''] = (await readFile(joined, 'utf8')).split('\n');
    expect(header.split(',').slice(8)).to.deep.equal(selected);
  });

  it('a later export of a Shopify order that has been paid meanwhile adds the payment of the rest', async () => {
    const [placed, paid, shipped] = [15, 16, 17].map((day) => `2026-03-${day} 08:00:00 -0500`);
    const shopify = async (outstanding: string, more = '') => {
      const file = join(folder, 'shopify.csv');
      await writeFile(
        file,
        'Name,Email,Created at,Paid at,Currency,Total,Lineitem quantity,Lineitem price,Lineitem sku,Outstanding Balance,Payment Reference,Fulfilled at\n' +
          `#1,a@shop.example,${placed},${paid},USD,100.00,1,100.00,x,${outstanding},p-1,${more}\n`,
      );
      return (await runOrders(log, ['import', file, '--preset', 'shopify'])).output;
    };
    const payments = async () => (await money()).map(([, , , of]) => of);
    // The second payment has the reference and the amount of the first.
    expect(await shopify('50.00')).to.match(/1 imported, 0 already there, 0 rejected/);
    expect(await payments()).to.deep.equal([[5_000]]);
    expect(await shopify('20.00')).to.match(/what was paid between the two cannot be told/);
    expect(await payments()).to.deep.equal([[5_000]]);
    for (const imported of [/1 imported/, /0 imported, 1 already there, 0 rejected/]) {
      expect(await shopify('0.00', shipped)).to.match(imported);
      expect(await payments()).to.deep.equal([[5_000, 5_000]]);
    }
    expect(await shopify('50.00')).to.match(/0 imported, 1 already there, 0 rejected/);
  });

  it('an earlier export of an order does not add a part of what was paid in full', async () => {
    const file = join(folder, 'part.csv');
    const run = async (outstanding: string) => {
      await writeFile(
        file,
        `no,user,at,paid,total,due\n1,u,2026-03-15T08:00:00Z,2026-03-15T08:00:00Z,9,${outstanding}\n`,
      );
      return (
        await runOrders(log, [
          ...['import', file, '--key', 'no', '--set', 'item_ids=x', '--set', 'currency=EUR', '--map'],
          'reference=no,user_id=user,occurred_at=at,paid_at=paid,total_amount=total,outstanding_amount=due',
        ])
      ).output;
    };
    expect(await run('0')).to.match(/1 imported/);
    expect(await run('4')).to.match(
      /pay of 5 was refused: an earlier import has recorded that all of the order was paid/,
    );
    expect((await money()).map(([, , , of]) => of)).to.deep.equal([[900]]);
  });
});
