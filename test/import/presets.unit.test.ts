import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { presets } from '../../src/import/presets/all-presets.js';
import { projectPath } from '../../src/project-path.js';
import { refusal, trialImport } from '../support/trial-import.js';

interface Wanted {
  /** Orders by reference: user, total, currency, units, time, adjustments, further commands. */
  readonly orders: Readonly<Record<string, string>>;
  readonly rejected?: readonly RegExp[];
  readonly returns?: number;
  readonly args?: readonly string[];
}

/** The orders that each fixture leads to, computed by hand. */
const wanted: Readonly<Record<string, Wanted>> = {
  shopify: {
    orders: {
      '#1001': 'ada@shop.example 49.99 USD 1 2026-03-15T13:00 shipping 5 tax 5: pay process ship',
      '#1002': 'ben@shop.example 129.99 USD 2 2026-03-15T13:00 shipping 10 discount -10 tax 20: pay',
      '#1003': 'cyd@shop.example 24.90 EUR 2 2026-03-17T11:00 shipping 4.9 (tax 3.98 included): pay',
      '#1004': 'guest 5.00 USD 1 2026-03-18T12:00: cancel',
    },
  },
  woocommerce: {
    orders: {
      501: '7 65.33 EUR 3 2026-02-01T10:00 shipping 4.9 tax 10.43: pay process ship deliver',
      502: 'eve@shop.example 25.00 EUR 3 2026-02-02T11:30 discount -5: pay',
    },
  },
  magento: {
    orders: {
      '000000101': 'fay@shop.example 64.2000 USD 2 2026-01-05T10:00 shipping 5 discount -5.98 tax 5.2:',
      '000000102': 'gus@shop.example 32.4000 USD 3 2026-01-05T11:00 tax 2.4:',
    },
  },
  medusa: {
    orders: {
      31: 'hal@shop.example 46.00 EUR 3 2026-04-01T09:00 shipping 10 discount -4:',
      32: 'ida@shop.example 705 JPY 3 2026-04-02T09:00 (tax 64 included):',
    },
  },
  'uci-online-retail': {
    orders: {
      536365: '17850 39.84 GBP 14 2010-12-01T08:26:',
      536414: 'guest 0 GBP 56 2010-12-01T11:52:',
      536370: '12583 54 GBP 3 2010-12-01T08:45:',
    },
    returns: 2,
  },
  olist: {
    orders: {
      e481f51cbdc54678b7cc49136f2d6af7: '7c39 38.71 BRL 1 2017-10-02T10:56 shipping 8.72: pay process ship deliver',
      '8272b63d03f5f79c56e9e4120aec44ef': 'd0aa 18.18 BRL 2 2017-07-16T18:10 shipping 15.78: pay process ship deliver',
      '136cce7faa42fdb2cefd53fdc79a6098': '36e1 65.95 BRL 1 2017-04-11T12:22 shipping 16.05:',
    },
  },
};

describe('Presets of the import', () => {
  for (const [name] of presets) {
    it(`--preset ${name} maps its export, exact to the cent`, async () => {
      const expected = wanted[name];
      expect(expected, 'a preset needs a fixture and what it leads to').not.to.equal(undefined);
      const file = await readFile(projectPath(`test/fixtures/import/${name}.csv`));
      const { commands, rejected, returns } = await trialImport(file, ['--preset', name]);
      expect(rejected).to.deep.equal([]);
      expect(returns).to.have.length(expected?.returns ?? 0);
      const orders = new Map<string, string[]>();
      const references = new Map<string, string>();
      for (const { orderId, command, occurredAt } of commands) {
        if (command.command !== 'place') {
          orders.get(references.get(orderId) ?? '')?.push(command.command);
          continue;
        }
        const { userId, totalAmount, currency, items = [], adjustments = [], metadata, reference = '' } = command;
        references.set(orderId, reference);
        const units = items.reduce((sum, { quantity }) => sum + quantity, 0);
        const money = adjustments.map(({ type, amount }) => `${type} ${amount}`);
        const included = metadata?.tax_included;
        if (included !== undefined) money.push(`(tax ${included} included)`);
        const head = [userId, totalAmount, currency, units, occurredAt?.slice(0, 16), ...money].join(' ');
        orders.set(reference, [`${head}:`]);
      }
      expect(Object.fromEntries([...orders].map(([reference, words]) => [reference, words.join(' ')]))).to.deep.equal(
        expected?.orders,
      );
    });
  }

  it('options of the command line come before those of a preset', async () => {
    const file = await readFile(projectPath('test/fixtures/import/shopify.csv'));
    const { commands } = await trialImport(file, [
      '--preset',
      'shopify',
      '--map',
      'user_id=Id',
      '--set',
      'currency=CAD',
    ]);
    const placed = commands.flatMap(({ command }) => (command.command === 'place' ? [command] : []));
    expect(placed.map(({ userId, currency }) => `${userId} ${currency}`)).to.deep.equal([
      '1 CAD',
      '2 CAD',
      '3 CAD',
      '4 CAD',
    ]);
  });

  it('a discount that has lowered the prices of a WooCommerce export is not taken off again', async () => {
    const file =
      'Order Number,Order Date,Currency,Cart Discount Amount,Order Total Fee,Order Total Amount,Item ID,Item Name,Quantity,Item Cost\n' +
      '7,2026-02-01 10:00,EUR,5,1,16,900,Lamp,2,7.5\n';
    const { commands, rejected } = await trialImport(file, ['--preset', 'woocommerce']);
    expect(rejected).to.deep.equal([]);
    const [placed] = commands.flatMap(({ command }) => (command.command === 'place' ? [command] : []));
    expect(placed?.items?.map(({ item_id }) => item_id)).to.deep.equal(['Lamp']);
    expect(placed?.adjustments?.map(({ type }) => type)).to.deep.equal(['fee']);
  });

  it('guests of a WooCommerce export, whose customer is 0, are their addresses, and no one user', async () => {
    const file =
      'order_number,order_date,order_currency,order_total,sku,qty,item_price,customer_id,billing_email\n' +
      '1,2026-02-01 10:00,EUR,5,A,1,5,0,ada@shop.example\n' +
      '2,2026-02-01 11:00,EUR,5,A,1,5,0,\n' +
      '3,2026-02-01 12:00,EUR,5,A,1,5,7,eve@shop.example\n';
    const { placed, rejected } = await trialImport(file, ['--preset', 'woocommerce']);
    expect(rejected).to.deep.equal([]);
    expect(placed.map((text) => text.split(':')[0])).to.deep.equal(['ada@shop.example', 'guest', '7']);
  });

  it('states without dates are read only with --undated', async () => {
    const file = await readFile(projectPath('test/fixtures/import/olist.csv'));
    const { commands } = await trialImport(file, ['--preset', 'olist', '--undated', 'last-known']);
    expect(commands.filter(({ command }) => command.command === 'cancel')).to.have.length(1);
  });

  it('a total that is mapped beside a preset is read, although the preset computes totals', async () => {
    const file =
      'order_id,customer_id,order_purchase_timestamp,order_delivered_customer_date,payment_value\n' +
      'o1,c1,2017-10-02 10:56:33,2017-10-10 21:25:13,38.71\n';
    const options = ['--preset', 'olist', '--map', 'total_amount=payment_value', '--set', 'item_id=order'];
    const { placed, commands, rejected } = await trialImport(file, options);
    expect(rejected).to.deep.equal([]);
    expect(placed).to.deep.equal(['c1: 1 order = 38.71 BRL, 2017-10-02T10:56:33.000Z']);
    expect(commands.map(({ command }) => command.command)).to.deep.equal(['place', 'process', 'ship', 'deliver']);
  });

  it('a Shopify order with an outstanding balance is paid in part, or refused if that cannot be told', async () => {
    const header =
      'Name,Email,Paid at,Currency,Total,Created at,Lineitem quantity,Lineitem price,Lineitem sku,Outstanding Balance,Refunded Amount,Canceled at';
    const time = '2026-03-15 08:00:00 -0500';
    const order = (no: number, outstanding: string, refunded = '0.00', cancelled = '') =>
      `#${no},a@shop.example,${time},USD,100.00,${time},1,100.00,x,${outstanding},${refunded},${cancelled}\n`;
    const trial = async (rows: string, more: readonly string[] = []) => {
      const { commands, rejected } = await trialImport(`${header}\n${rows}`, ['--preset', 'shopify', ...more]);
      const paid = commands.map(({ command }) =>
        command.command === 'pay' ? `pay ${command.amount}` : command.command,
      );
      return { paid: paid.toSorted(), reasons: rejected.map(({ reason }) => reason) };
    };
    expect(await trial(order(1, '60.00') + order(2, '0.00') + order(3, ''))).to.deep.equal({
      paid: ['pay 40', 'pay undefined', 'pay undefined', 'place', 'place', 'place'],
      reasons: [],
    });
    const identified = ['--default', 'payment_id=only'];
    expect((await trial(order(1, '60.00'), identified)).paid, 'a payment with an id').to.deep.equal([
      'pay 40',
      'place',
    ]);
    const undated = ['--undated', 'last-known'];
    for (const row of [
      order(1, '100.00'),
      order(1, '-20.00'),
      order(1, '60.00', '40.00'),
      order(1, '60.00', '', time),
    ]) {
      const { paid, reasons } = await trial(row, undated);
      expect(paid).to.deep.equal([]);
      expect(reasons.join()).to.match(/so what was paid at paid_at cannot be told: map paid_amount/);
      expect((await trial(row, [...undated, '--set', 'outstanding_amount=0'])).reasons).to.deep.equal([]);
    }
  });

  it('both spellings of the time of a cancellation in Shopify are known', async () => {
    const time = '2026-03-15 08:00:00 -0500';
    for (const column of ['Cancelled at', 'Canceled at']) {
      const { commands } = await trialImport(
        `Name,Email,Currency,Total,Created at,Lineitem quantity,Lineitem sku,${column}\n#1,a@x.example,USD,1,${time},1,x,${time}\n`,
        ['--preset', 'shopify'],
      );
      expect(commands.map(({ command }) => command.command)).to.deep.equal(['place', 'cancel']);
    }
  });

  it('a Magento order has the amounts of one currency, and is not placed in another', async () => {
    const header = 'increment_id,created_at,customer_email,sku,qty_ordered,';
    const row = '1,2026-01-05 10:00:00,a@x.example,x,2,';
    const trial = (columns: string, cells: string, more: readonly string[] = []) =>
      trialImport(`${header}${columns}\n${row}${cells}\n`, ['--preset', 'magento', ...more]);
    const paid = ['--set', 'paid_at=2026-01-06T00:00:00Z'];
    const both = 'base_currency_code,order_currency_code,base_grand_total,base_price,price,base_total_paid,total_paid';
    const own = await trial(both, 'EUR,USD,10.00,5.00,5.50,10.00,11.00', paid);
    expect([own.placed, own.rejected]).to.deep.equal([
      ['a@x.example: 2 x at 5.00 = 10.00 EUR, 2026-01-05T10:00:00.000Z'],
      [],
    ]);
    expect(own.commands.flatMap(({ command }) => (command.command === 'pay' ? command.amount : []))).to.deep.equal([
      '10.00',
    ]);
    const ofOrder = await trial(`${both},grand_total`, 'EUR,USD,10.00,5.00,5.50,10.00,11.00,11.00', paid);
    expect(ofOrder.placed.join()).to.match(/= 11\.00 USD/);
    for (const [columns, cells] of [
      ['order_currency_code,base_grand_total', 'USD,10.00'],
      ['base_currency_code,grand_total', 'EUR,11.00'],
    ] as const)
      expect(await refusal(`${header}${columns}\n${row}${cells}\n`, ['--preset', 'magento'])).to.match(
        /^currency is not mapped/,
      );
  });

  it('presets know the states of their shops that have no date of their own', async () => {
    const shopify = [
      'Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem price,Lineitem sku,Refunded Amount',
      ...['partially_refunded', 'voided', 'expired'].map((state, nth) => {
        const paid = state === 'partially_refunded' ? '2026-03-15 08:01:00 -0500' : '';
        return `#${nth},a@shop.example,${state},${paid},restocked,USD,5.00,2026-03-15 08:00:00 -0500,1,5.00,x,${paid && '2.00'}`;
      }),
    ];
    const woo = [
      'Order Number,Order Status,Order Date,Billing Email,Currency,Order Total,SKU,Quantity,Item Price',
      ...['wc-completed', 'failed'].map((state, nth) => `${nth},${state},2026-02-01 10:00:00,a@x.example,EUR,5,x,1,5`),
    ];
    const magento = [
      'increment_id,status,created_at,customer_email,order_currency_code,grand_total,sku,qty_ordered,price',
      ...['closed', 'holded'].map((state, nth) => `${nth},${state},2026-01-05 10:00:00,a@x.example,USD,5,x,1,5`),
    ];
    const steps = async (name: string, rows: readonly string[]) => {
      const args = ['--preset', name, '--undated', 'last-known'];
      const { commands, rejected } = await trialImport(`${rows.join('\n')}\n`, args);
      expect(rejected).to.deep.equal([]);
      return commands.map(({ command }) => command.command);
    };
    expect(await steps('shopify', shopify)).to.have.members(['place', 'place', 'place', 'pay', 'refund']);
    expect(await steps('woocommerce', woo)).to.have.members(['place', 'place', 'process', 'ship', 'deliver']);
    expect(await steps('magento', magento)).to.have.members(['place', 'place', 'pay', 'refund']);
  });

  it('a file of another export is refused with what the preset reads, and with the options that it seems to need', async () => {
    const uci = 'InvoiceNo;StockCode;Quantity;InvoiceDate;UnitPrice;CustomerID\n';
    expect(await refusal(uci.replaceAll(';', ','), ['--preset', 'shopify'])).to.match(
      /--preset shopify reads the export of orders in the admin .* no column for occurred_at \(Created at\) and item_id \(.*\) and total_amount \(Total\); it has InvoiceNo, /,
    );
    expect(await refusal(uci, ['--preset', 'uci-online-retail'])).to.match(/The file seems to need --delimiter ';'$/);
    expect(await refusal('order_id,customer_id,order_purchase_timestamp\n', ['--preset', 'olist'])).to.match(
      /joined into one CSV, and the file has no column for item_id \(product_id\) and unit_price \(price\)/,
    );
  });

  it('--preset uci-online-retail reads a customer that a program wrote as 17850.0', async () => {
    const file =
      'InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n1,x,1,2010-12-01 08:26:00,2.5,17850.0\n';
    const { placed } = await trialImport(file, ['--preset', 'uci-online-retail']);
    expect(placed).to.deep.equal(['17850: 1 x at 2.5 = 2.5 GBP, 2010-12-01T08:26:00.000Z']);
  });
});
