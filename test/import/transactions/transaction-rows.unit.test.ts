import { expect } from 'chai';
import type { CommandRequest } from '../../../src/commands/command-request.js';
import { refusal, trialImport } from '../../support/trial-import.js';

const header = 'no,user,at,sku,n,price,pay,back,at2,amount\n';
const order = [
  ...['--group-by', 'no', '--source', 'shop', '--total', 'computed', '--set', 'currency=EUR'],
  ...['--map', 'user_id=user,occurred_at=at,item_id=sku,quantity=n,unit_price=price'],
];
const payments = [...order, '--map', 'payment_id=pay,paid_at=at2,paid_amount=amount'];
const both = [...payments, '--map', 'refund_id=back,refunded_at=at2,refunded_amount=amount'];
const day = (date: number) => `2026-03-${String(date).padStart(2, '0')}T10:00:00Z`;
const lamp = `1,u,${day(1)},lamp,2,10.00,,,,`;

function described({ command, idempotencyKey = '' }: CommandRequest): string {
  const amount = command.command === 'pay' || command.command === 'refund' ? ` ${command.amount ?? 'all'}` : '';
  return `${command.command}${amount} ${idempotencyKey.slice('shop#'.length).replace(/@[\w-]{8}$/, '')}`;
}

async function commandsOf(rows: readonly string[], options: readonly string[], columns = header) {
  const { commands, rejected } = await trialImport(`${columns}${rows.join('\n')}\n`, options);
  return [...commands.map(described), ...rejected.map(({ line, reason }) => `${line}: ${reason}`)];
}

describe('Rows of payments and refunds', () => {
  it('payments and refunds in rows of their own may share the columns of their times and amounts', async () => {
    const rows = [
      `1,,,,,,,R1,${day(5)},3.00`,
      `1,,,,,,T1,,${day(2)},12.00`,
      lamp,
      `1,,,,,,T2,,${day(3)},8.00`,
      `1,,,,,,,R2,${day(6)},2.00`,
    ];
    expect(await commandsOf(rows, both)).to.deep.equal([
      ...['place 1', 'pay 12.00 1/paid/T1', 'pay 8.00 1/paid/T2', 'refund 3.00 1/refunded/R1'],
      'refund 2.00 1/refunded/R2',
    ]);
  });

  it('a row with a payment and a refund is refused if they share a column', async () => {
    expect((await commandsOf([lamp, `1,,,,,,T1,R1,${day(5)},3.00`], both)).join()).to.match(
      /^2: a row has a payment and a refund, but column "\w+" is mapped for both: --map a column for each/,
    );
  });

  it('one column with the ids of payments and refunds is refused, since each payment would be a refund too', async () => {
    expect(await refusal(header, [...payments, '--map', 'refund_id=pay,refunded_at=at2'])).to.match(
      /payment_id and refund_id are both "pay".*: --map refund_id to a column that is empty beside payments/,
    );
  });

  it('a refund whose amount is empty is refused: it is not all that was paid', async () => {
    const columns = header.replace('\n', ',given\n');
    const mapped = [...payments, '--map', 'refund_id=back,refunded_amount=given'];
    const rows = (given: string) => [`${lamp},`, `1,,,,,,T1,R1,${day(2)},20.00,${given}`];
    expect((await commandsOf(rows(''), mapped, columns)).join()).to.match(
      /^2: refund "R1" has no amount: fill refunded_amount in, or leave refund_id empty$/,
    );
    expect((await commandsOf(rows('-4.00'), mapped, columns)).join()).to.match(
      /^2: the amount of refund "R1" is -4\.00, which is below 0: map refunded_amount to a column without the sign$/,
    );
  });

  it('a payment that is twice in rows of its own is refused: it may be two payments', async () => {
    const row = `1,,,,,,card,,${day(2)},10.00`;
    expect(await commandsOf([lamp, row, row], payments)).to.deep.equal([
      '2: payment "card" is in lines 3 and 4, which have nothing else: if they are two, map payment_id to what tells ' +
        'them apart; otherwise leave one out of the file',
    ]);
  });

  it('zeros in the columns of lines make no line of a payment', async () => {
    const row = `1,,,,0,0.00,T1,,${day(2)},20.00`;
    expect(await commandsOf([lamp, row], payments)).to.deep.equal(['place 1', 'pay 20.00 1/paid/T1']);
    expect((await commandsOf([lamp, row.replace('0.00', '1.00')], payments)).join()).to.match(
      /^2: column "sku" \(item_id\) is empty/,
    );
  });

  it('an amount of 0 moves no money, with an id or without one', async () => {
    const dated = lamp.replace(',,,,', `,,,${day(2)},0.00`);
    expect(await commandsOf([dated], payments)).to.deep.equal(['place 1']);
    const withoutId = [...order, '--map', 'paid_at=at2,paid_amount=amount'];
    expect(await commandsOf([dated], withoutId)).to.deep.equal(['place 1']);
    const refunds = [...order, '--map', 'refunded_at=at2,refunded_amount=amount'];
    expect(await commandsOf([dated], refunds)).to.deep.equal(['place 1']);
  });

  it('a preset’s amount of the whole order is no amount of its payments or refunds', async () => {
    const columns = 'increment_id,customer_email,order_currency_code,created_at,grand_total,sku,qty_ordered,price,';
    const rows = ['T1,12.00', 'T2,8.00'].map(
      (paid) => `9,a@b,EUR,2026-03-01 10:00:00,20.00,lamp,2,10.00,1,2026-03-02 10:00:00,20.00,0.00,${paid}`,
    );
    const file = `${columns}item,paid_at,total_paid,total_refunded,tx,value\n${rows.join('\n')}\n`;
    const magento = ['--preset', 'magento', '--source', 'shop', '--map', 'line_id=item'];
    const message = async (map: string) => refusal(file, [...magento, '--map', map]);
    expect(await message('payment_id=tx')).to.match(/"total_paid" is the sum of the order.*: --map paid_amount=COLUMN/);
    expect(await message('refund_id=tx')).to.match(/"total_refunded" is the sum .*: --map refunded_amount=COLUMN/);
    const { commands } = await trialImport(file, [...magento, '--map', 'payment_id=tx,paid_amount=value']);
    expect(commands.map(described)).to.deep.equal(['place 9', 'pay 12.00 9/paid/T1', 'pay 8.00 9/paid/T2']);
  });

  it('a preset’s reference of the whole order is none of a payment', async () => {
    const columns = 'Name,Email,Currency,Created at,Total,Lineitem sku,Lineitem quantity,Lineitem price,Paid at';
    const time = '2026-03-01 10:00:00 +0000';
    const rows = [
      `9,a@b,EUR,${time},20.00,lamp,2,10.00,${time},c1 + c2,,`,
      '9,,,,,,,,,,T1,12.00',
      '9,,,,,,,,,,T2,8.00',
    ];
    const args = ['--preset', 'shopify', '--source', 'shop', '--map', 'payment_id=tx,paid_amount=value'];
    expect(await commandsOf(rows, args, `${columns},Payment Reference,tx,value\n`)).to.deep.equal([
      ...['place 9', 'pay 12.00 9/paid/T1', 'pay 8.00 9/paid/T2'],
    ]);
  });

  it('a preset reads the amounts of payments also if their id is the same in all rows', async () => {
    const columns = 'order_id,customer_id,order_purchase_timestamp,order_approved_at,product_id,price,payment_value\n';
    const rows = ['9,u,2026-03-01 10:00:00,2026-03-02 10:00:00,lamp,20.00,12.00'];
    const olist = ['--preset', 'olist', '--source', 'shop'];
    for (const option of ['--set', '--default'])
      expect(await commandsOf(rows, [...olist, option, 'payment_id=1'], columns)).to.deep.equal([
        ...['place 9', 'pay 12.00 9/paid/1'],
      ]);
  });
});
