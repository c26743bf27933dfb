import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { CommandRequest } from '../../../src/commands/command-request.js';
import { projectPath } from '../../../src/project-path.js';
import { refusal, trialImport } from '../../support/trial-import.js';

const header = 'no,user,at,line,sku,n,price,pay,ref,amount,paid\n';
const order = [
  ...['--group-by', 'no', '--source', 'shop', '--total', 'computed', '--set', 'currency=EUR'],
  ...['--map', 'user_id=user,occurred_at=at,item_id=sku,quantity=n,unit_price=price,paid_at=paid,paid_amount=amount'],
];
const withId = [...order, '--map', 'payment_id=pay'];
const args = [...withId, '--map', 'line_id=line'];
const day = (date: number) => `2026-03-${String(date).padStart(2, '0')}T10:00:00Z`;
const head = `1,u,${day(1)}`;
const [lamp, plug] = ['1,lamp,2,10.00', '2,plug,1,5.50'];
const [card, voucher] = [`A,c-1,15.50,${day(2)}`, `B,v-1,10.00,${day(3)}`];

/** A request as "pay 2 15.50 shop#1/paid/A": command, day, units or amount, key without column. */
function described({ command, occurredAt, idempotencyKey }: CommandRequest): string {
  const amount = command.command === 'pay' || command.command === 'refund' ? ` ${command.amount ?? 'all'}` : '';
  const units =
    command.command === 'place' ? command.items?.map(({ item_id, quantity }) => ` ${quantity} ${item_id}`) : [];
  return `${command.command} ${Number(occurredAt?.slice(8, 10))}${units?.join(',') ?? ''}${amount} ${idempotencyKey?.replace(/@[\w-]{8}$/, '')}`;
}

async function commandsOf(rows: readonly string[], options = args) {
  const { commands, rejected } = await trialImport(`${header}${rows.join('\n')}\n`, options);
  return [...commands.map(described), ...rejected.map(({ line, reason }) => `${line}: ${reason}`)];
}

const placed = 'place 1 2 lamp, 1 plug shop#1';
const [paidA, paidB] = ['pay 2 15.50 shop#1/paid/A', 'pay 3 10.00 shop#1/paid/B'];

describe('Several payments of an imported order', () => {
  it('lines and payments that a join repeats beside each other count once, each payment at its own time', async () => {
    const rows = [lamp, plug].flatMap((line) => [card, voucher].map((payment) => `${head},${line},${payment}`));
    expect(await commandsOf(rows)).to.deep.equal([placed, paidA, paidB]);
    expect(await commandsOf(rows.toReversed())).to.have.members([placed, paidA, paidB]);
  });

  it('payments may be in rows of their own, or beside any line, and lines then need no ids', async () => {
    const own = [`${head},,lamp,2,10.00,,,,`, `${head},,plug,1,5.50,,,,`, `1,,,,,,,${card}`, `1,,,,,,,${voucher}`];
    expect(await commandsOf(own, withId)).to.deep.equal([placed, paidA, paidB]);
    const one = [`${head},,lamp,2,10.00,${card}`, '1,,,,plug,1,5.50,,,,', `1,,,,,,,${voucher}`];
    expect(await commandsOf(one, withId)).to.deep.equal([placed, paidA, paidB]);
    const beside = [`${head},${lamp},${card}`, `${head},${plug},${voucher}`];
    expect(await commandsOf(beside)).to.deep.equal([placed, paidA, paidB]);
  });

  it('the keys of payments do not depend on other payments, nor on the order of the rows', async () => {
    const before = await commandsOf([`${head},${lamp},${voucher}`, `${head},${plug},${voucher}`]);
    expect(before).to.deep.equal([placed, paidB]);
    const after = [lamp, plug].flatMap((line) => [voucher, card].map((payment) => `${head},${line},${payment}`));
    expect(await commandsOf(after)).to.include.members(before);
  });

  it('equal payments with different ids are all recorded, also under the same reference', async () => {
    const rows = [`${head},${lamp},1,gift,5.00,${day(2)}`, `${head},${lamp},2,gift,5.00,${day(2)}`];
    expect(await commandsOf(rows, [...args, '--map', 'payment_reference=ref'])).to.deep.equal([
      ...['place 1 2 lamp shop#1', 'pay 2 5.00 shop#1/paid/1', 'pay 2 5.00 shop#1/paid/2'],
    ]);
  });

  it('the column of the reference may tell payments apart', async () => {
    const mapped = [...order, '--map', 'line_id=line,payment_id=ref,payment_reference=ref'];
    const rows = [`${head},${lamp},${card}`, `${head},${lamp},${voucher}`];
    expect(await commandsOf(rows, mapped)).to.deep.equal([
      ...['place 1 2 lamp shop#1', 'pay 2 15.50 shop#1/paid/c-1', 'pay 3 10.00 shop#1/paid/v-1'],
    ]);
  });

  it('long ids of payments lead to keys of their own that are short enough', async () => {
    const no = 'n'.repeat(170);
    const ids = ['ä'.repeat(60), `${'ä'.repeat(60)}b`];
    const rows = ids.map((id) => `${no},u,${day(1)},${lamp},${id},,10.00,${day(2)}`);
    const found = await commandsOf(rows);
    expect(found).to.have.length(3);
    expect(new Set(found).size).to.equal(3);
  });

  it('lines that may be repeated by several payments are refused without ids, and --set line_id=1 says there is one', async () => {
    const rows = [`${head},,lamp,2,10.00,${card}`, `${head},,lamp,2,10.00,${voucher}`];
    const reason =
      '2: the order has several payments, so its lines may be in several rows: map line_id=COLUMN to the column of ' +
      'the line’s number, or --set line_id=1 if each order has one line (line 2)';
    expect(await commandsOf(rows, withId)).to.deep.equal([reason]);
    expect(await commandsOf(rows)).to.deep.equal([reason]);
    expect(await commandsOf(rows, [...withId, '--set', 'line_id=1'])).to.deep.equal([
      ...['place 1 2 lamp shop#1', paidA, paidB],
    ]);
  });

  it('rows of one payment, or of one line, that disagree are refused with both lines', async () => {
    const rows = [`${head},${lamp},${card}`, `${head},${plug},${card.replace('15.50', '16.50')}`];
    expect(await commandsOf(rows)).to.deep.equal([
      '2: column "amount" has "15.50" in line 2 and "16.50" in line 3: the rows of payment "A" must agree: ' +
        'if they are several, map payment_id to what tells them apart; otherwise correct the file',
    ]);
    const lines = [`${head},${lamp},${card}`, `${head},1,lamp,3,10.00,${voucher}`];
    expect((await commandsOf(lines)).join()).to.match(
      /^2: column "n" has "2" in line 2 and "3" in line 3: the rows of line_id "1" must agree: correct the file$/,
    );
  });

  it('a line that repeats beside no other payment is refused, and so is one whose payments have no ids', async () => {
    const twice = [`${head},${lamp},${card}`, `${head},${lamp},${voucher}`, `${head},${lamp},${voucher}`];
    expect((await commandsOf(twice)).join()).to.match(/^2: line_id is "1" in lines 3 and 4: a line repeats only/);
    const single = [`${head},${lamp},${card}`, `${head},${lamp},${card}`];
    expect((await commandsOf(single)).join()).to.match(/^2: line_id is "1" in lines 2 and 3: a line repeats only/);
    expect((await commandsOf(single, [...order, '--map', 'line_id=line'])).join()).to.match(
      /^2: line_id is "1" in lines 2 and 3: .* map payment_id=COLUMN/,
    );
  });

  it('payments without a mapped id are refused, and the message names payment_id', async () => {
    const rows = [`${head},${lamp},${card}`, `${head},${plug},${voucher}`];
    expect((await commandsOf(rows, order)).join()).to.match(
      /^2: column "paid" has .* or payment_id=COLUMN is mapped to tell several apart/,
    );
  });

  it('money in a row whose id is empty is refused, and so is a date of payment without any payment', async () => {
    const rows = [`${head},${lamp},${card}`, `${head},${plug},,,10.00,${day(3)}`];
    expect(await commandsOf(rows)).to.deep.equal([
      '2: paid_amount is 10.00 in line 3, but payment_id is empty: fill it in, or set --default payment_id=VALUE',
    ]);
    const dated = [`${head},${lamp},,,,${day(3)}`];
    expect(await commandsOf(dated)).to.deep.equal([
      '2: the order has a payment (paid_at), but payment_id is empty in its rows: fill it in, or set --default payment_id=VALUE',
    ]);
    expect(await commandsOf(dated, [...args, '--default', 'payment_id=1'])).to.deep.equal([
      ...['place 1 2 lamp shop#1', 'pay 3 all shop#1/paid/1'],
    ]);
  });

  it('several payments need amounts and dates; a date of the whole order counts for those without one', async () => {
    const rows = [`${head},,lamp,2,10.00,,,,`, `1,,,,,,,${card}`, '1,,,,,,,B,v-1,,'];
    expect((await commandsOf(rows, withId)).join()).to.match(
      /^2: the order has several payments, but payment "B" has no amount/,
    );
    const undated = (paid: string) => [`${head},,lamp,2,10.00,,,,${paid}`, '1,,,,,,,B,v-1,20.00,'];
    expect((await commandsOf(undated(''), withId)).join()).to.match(/^2: payment "B" has no date \(paid_at\)/);
    expect(await commandsOf(undated(day(4)), withId)).to.deep.equal([
      ...['place 1 2 lamp shop#1', 'pay 4 20.00 shop#1/paid/B'],
    ]);
    expect(await commandsOf(undated(''), [...withId, '--undated', 'last-known'])).to.include(
      'pay 1 20.00 shop#1/paid/B',
    );
  });

  it('a payment of 0 moves no money, and one below 0 is refused', async () => {
    const rows = (amount: string) => [`${head},${lamp},A,,20.00,${day(2)}`, `${head},${lamp},B,,${amount},${day(2)}`];
    expect(await commandsOf(rows('0.00'))).to.deep.equal(['place 1 2 lamp shop#1', 'pay 2 20.00 shop#1/paid/A']);
    expect((await commandsOf(rows('-5.00'))).join()).to.match(
      /^2: the amount of payment "B" is -5.00, which is below 0: map refunds to refunded_amount and refund_id/,
    );
  });

  it('payments of more than the total are recorded, since the money has arrived, with a warning', async () => {
    const rows = [`${head},${lamp},A,,20.00,${day(2)}`, `${head},${lamp},B,,0.01,${day(2)}`];
    const found = await trialImport(`${header}${rows.join('\n')}\n`, args);
    expect([found.commands.length, found.rejected]).to.deep.equal([3, []]);
    expect(found.warnings).to.deep.equal([
      'the payments of an order, less its refunds, are more than its total: line 2',
    ]);
  });

  it('an amount with too many decimals is refused with the column that it comes from', async () => {
    const found = await commandsOf([`${head},${lamp},A,,6.666,${day(2)}`]);
    expect(found.at(-1)).to.match(/but pay of 6\.666 was refused: \/amount .*\(column "amount"\)/);
  });

  it('a payment dated before the order takes its date with --misdated previous', async () => {
    const rows = [`${head},${lamp},A,,10.00,2026-02-01T10:00:00Z`, `${head},${lamp},B,,10.00,${day(2)}`];
    const found = await trialImport(`${header}${rows.join('\n')}\n`, [...args, '--misdated', 'previous']);
    expect(found.commands.map(described).slice(1)).to.deep.equal([
      ...['pay 1 10.00 shop#1/paid/A', 'pay 2 10.00 shop#1/paid/B'],
    ]);
    expect(found.warnings).to.deep.equal([
      'a step dated before one that it depends on takes the date of that one: line 2',
    ]);
  });

  it('refunds are told apart by refund_id, beside payments', async () => {
    const columns = 'no,user,at,line,sku,price,pay,amount,paid,back,given,given_at\n';
    const mapped = [
      ...['--group-by', 'no', '--source', 'shop', '--total', 'computed', '--set', 'currency=EUR'],
      ...['--map', 'user_id=user,occurred_at=at,line_id=line,item_id=sku,unit_price=price,payment_id=pay'],
      ...['--map', 'paid_amount=amount,paid_at=paid,refund_id=back,refunded_amount=given,refunded_at=given_at'],
    ];
    const payments = [`A,6.00,${day(2)}`, `B,4.00,${day(4)}`];
    const refunds = [`R1,2.00,${day(3)}`, `R2,3.00,${day(5)}`];
    const rows = payments.flatMap((one) => refunds.map((other) => `1,u,${day(1)},1,x,10.00,${one},${other}`));
    const { commands, rejected } = await trialImport(`${columns}${rows.join('\n')}\n`, mapped);
    expect([commands.map(described), rejected]).to.deep.equal([
      [
        ...['place 1 1 x shop#1', 'pay 2 6.00 shop#1/paid/A', 'refund 3 2.00 shop#1/refunded/R1'],
        ...['pay 4 4.00 shop#1/paid/B', 'refund 5 3.00 shop#1/refunded/R2'],
      ],
      [],
    ]);
    expect(await refusal(columns, [...mapped, '--returns', 'negative'])).to.match(/leave out refund_id, or --returns/);
  });

  it('returned lines that payments repeat come back once', async () => {
    const back = ['1,lamp,-1,10.00', '1,lamp,-1,10.00'];
    const rows = [card, voucher].flatMap((payment, nth) => [
      `${head},${lamp},${payment}`,
      `1,,${day(5)},${back[nth]},${payment}`,
    ]);
    const found = await commandsOf(rows, [...args, '--returns', 'negative']);
    expect(
      found.filter((one) => /^(return|refund|\d)/.test(one)).map((one) => one.replace(/\/[^/]*$/, '')),
    ).to.deep.equal(['return 5 shop#1/return', 'refund 5 10 shop#1/refund']);
  });

  it('without --group-by, a row may have a payment with an id', async () => {
    const mapped = withId.map((arg) => (arg === '--group-by' ? '--key' : arg));
    expect(await commandsOf([`${head},${lamp},A,,20.00,${day(2)}`], mapped)).to.deep.equal([
      ...['place 1 2 lamp shop#1', 'pay 2 20.00 shop#1/paid/A'],
    ]);
    expect((await commandsOf([`${head},${lamp},,,20.00,${day(2)}`], mapped)).join()).to.match(
      /^2: paid_amount is 20.00, but payment_id is empty/,
    );
  });

  it('an order with payments but without a line is refused', async () => {
    expect((await commandsOf([`1,,,,,,,${card}`])).join()).to.match(/no row with a line of it/);
  });

  it('ids of payments are not for --first-row', async () => {
    expect(await refusal(header, [...args, '--first-row', 'payment_id'])).to.match(/not a field of the whole order/);
  });

  it('--preset olist reads the payments of a file that has them, as the documentation joins it', async () => {
    const file = await readFile(projectPath('test/fixtures/import/olist-payments.csv'));
    const { commands, rejected, warnings } = await trialImport(file, ['--preset', 'olist']);
    expect([rejected, warnings]).to.deep.equal([[], []]);
    const paid = commands.filter(({ command }) => command.command === 'pay').map(described);
    expect(paid.map((one) => one.replace(/ \S+#/, ' ').replace(/\w{29}\//, '/'))).to.have.members([
      ...['pay 2 38.71 e48/paid/1', 'pay 10 37.80 00a/paid/1', 'pay 10 10.00 00a/paid/2'],
      ...['pay 16 5.00 827/paid/2', 'pay 16 5.00 827/paid/3'],
    ]);
  });
});
