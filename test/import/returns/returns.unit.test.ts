import { expect } from 'chai';
import { refusal, trialImport } from '../../support/trial-import.js';

const args = [
  ...['--group-by', 'no', '--source', 'shop', '--returns', 'negative', '--set', 'currency=EUR'],
  ...['--map', 'user_id=user,occurred_at=at,item_id=sku,quantity=n,unit_price=price,return_of=original'],
  ...['--total', 'computed'],
];
const header = 'no,original,user,at,sku,n,price\n';
const day = (date: number) => `2026-03-${String(date).padStart(2, '0')}T10:00:00Z`;

/** The commands as "return 5 2 a": command, day, units or amount. */
async function commandsOf(rows: string, more: readonly string[] = []) {
  const { commands, rejected, returns } = await trialImport(header + rows, [...args, ...more]);
  const described = commands.map(({ command, occurredAt }) => {
    const units =
      command.command === 'return' ? command.items?.map(({ item_id, quantity }) => ` ${quantity} ${item_id}`) : [];
    const amount = command.command === 'refund' ? ` ${command.amount ?? 'by price'}` : '';
    return `${command.command} ${Number(occurredAt?.slice(8, 10))}${units?.join(',') ?? ''}${amount}`;
  });
  return { described, keys: commands.map(({ idempotencyKey }) => idempotencyKey), rejected, returns };
}

const sale = `1,,u,${day(1)},a,3,10\n1,,u,${day(1)},b,1,5\n`;

describe('Returns of an import', () => {
  it('negative rows that name an order return its units and give back their price', async () => {
    const { described, rejected, returns } = await commandsOf(`${sale}R1,1,u,${day(5)},a,-2,10\n`);
    expect(described).to.deep.equal(['place 1', 'pay 5', 'process 5', 'ship 5', 'return 5 2 a', 'refund 5 20']);
    expect([rejected, returns]).to.deep.equal([[], []]);
  });

  it('a return may come before its order in the file', async () => {
    const { described } = await commandsOf(`R1,1,u,${day(5)},a,-2,10\n${sale}`);
    expect(described.slice(-2)).to.deep.equal(['return 5 2 a', 'refund 5 20']);
  });

  it('negative rows with the number of the order are returns of it, one for each time', async () => {
    const { described } = await commandsOf(`${sale}1,,u,${day(5)},a,-1,10\n1,,u,${day(7)},a,-1,9\n1,,,,b,-1,0\n`);
    expect(described).to.deep.equal([
      ...['place 1', 'process 1', 'ship 1', 'return 1 1 b', 'pay 5'],
      ...['return 5 1 a', 'refund 5 10', 'return 7 1 a', 'refund 7 9'],
    ]);
  });

  it('each return has keys of its own, which do not depend on the other rows', async () => {
    const [first, second] = [`R1,1,u,${day(5)},a,-1,10\n`, `R2,1,u,${day(6)},b,-1,5\n`];
    const early = await commandsOf(sale + first);
    const late = await commandsOf(second + sale + first);
    expect(late.keys).to.include.members(early.keys);
    expect(new Set(late.keys).size).to.equal(early.keys.length + 2);
  });

  it('an order with returned rows and an amount of the whole order is refused: both may be the same money', async () => {
    const rows = `${sale}1,,u,${day(5)},a,-1,10\n`;
    const refund = ['--set', `refunded_at=${day(6)}`];
    const { described, rejected } = await commandsOf(rows, [...refund, '--set', 'refunded_amount=10']);
    expect([described, rejected.map(({ reason }) => reason).join()]).to.deep.equal([
      [],
      'the order has returned rows, whose money is given back, and a refunded_amount, which may be the same money: ' +
        'leave out --returns negative, or --set refunded_amount=0',
    ]);
    const cured = await commandsOf(rows, [...refund, '--set', 'refunded_amount=0']);
    expect(cured.described.filter((one) => one.startsWith('refund'))).to.deep.equal(['refund 5 10']);
    const unreturned = await commandsOf(sale, [...refund, '--set', 'refunded_amount=10']);
    expect(unreturned.described.slice(-1)).to.deep.equal(['refund 6 10']);
    const payment = ['--set', `paid_at=${day(2)}`, '--set', 'paid_amount=20', '--set', 'payment_id=refunded'];
    const paid = await commandsOf(rows, payment);
    expect([paid.described.at(-1), paid.rejected]).to.deep.equal(['refund 5 10', []]);
  });

  it('a return before the payment or the shipping is refused, unless --misdated previous moves it', async () => {
    const rows = `${sale}R1,1,u,${day(5)},a,-2,10\n`;
    const paid = ['--set', `paid_at=${day(7)}`];
    const { described, rejected } = await commandsOf(rows, paid);
    expect([described, rejected.map(({ reason }) => reason)]).to.deep.equal([
      [],
      [
        'a return is dated 2026-03-05T10:00:00.000Z, before the payment (paid_at) of 2026-03-07T10:00:00.000Z: ' +
          'correct the dates, or set --misdated previous',
      ],
    ]);
    const moved = await commandsOf(rows, [...paid, '--set', `shipped_at=${day(6)}`, '--misdated', 'previous']);
    expect([moved.described, moved.rejected]).to.deep.equal([
      ['place 1', 'process 6', 'ship 6', 'pay 7', 'return 7 2 a', 'refund 7 20'],
      [],
    ]);
  });

  it('a return that names no order is listed', async () => {
    const { described, rejected, returns } = await commandsOf(
      `${sale}C9,,u,${day(5)},a,-2,10\nC9,,u,${day(5)},b,1,-3\n`,
    );
    expect([described, rejected]).to.deep.equal([['place 1'], []]);
    expect(returns.map(({ line, reason }) => [line, reason])).to.deep.equal([[4, 'a return that names no order']]);
  });

  it('more units than the order has are rejected, and the order stays', async () => {
    const { described, rejected } = await commandsOf(`${sale}R1,1,u,${day(5)},a,-4,10\n`);
    expect(described.slice(0, 4)).to.deep.equal(['place 1', 'pay 5', 'process 5', 'ship 5']);
    expect(rejected.map(({ reason }) => reason)).to.deep.equal([
      'the order is placed, but return was refused: Item "a" has 3 units left to return.',
    ]);
  });

  it('no money is given back for a return that is rejected', async () => {
    const { described, rejected } = await commandsOf(`${sale}R1,1,u,${day(5)},a,-4,2\n`);
    expect(described).to.deep.equal(['place 1', 'pay 5', 'process 5', 'ship 5']);
    expect(rejected).to.have.length(1);
  });

  it('without prices the order says what the units cost; a total of the return comes before that', async () => {
    const bare = args.filter((arg) => arg !== '--total' && arg !== 'computed');
    const file = `no,original,user,at,sku,n,price,total\n1,,u,${day(1)},a,2,10,20\nR1,1,u,${day(5)},a,-1,,-8\n1,,,${day(6)},a,-1,,\n`;
    const { commands } = await trialImport(file, [...bare, '--map', 'total_amount=total']);
    const refunds = commands.flatMap(({ command }) => (command.command === 'refund' ? [command] : []));
    expect(refunds.map(({ amount, items }) => amount ?? items)).to.deep.equal(['8', [{ item_id: 'a', quantity: 1 }]]);
  });

  it('charges of a return are money only', async () => {
    const charges = ['--charges', 'shipping=POST'];
    const { described } = await commandsOf(`${sale}R1,1,u,${day(5)},a,-1,10\nR1,1,u,${day(5)},POST,-1,4\n`, charges);
    expect(described.slice(-2)).to.deep.equal(['return 5 1 a', 'refund 5 14']);
  });

  it('return_of needs --returns negative and --group-by', async () => {
    expect(
      await refusal(
        header,
        args.filter((arg) => arg !== '--returns' && arg !== 'negative'),
      ),
    ).to.match(/set --returns negative/);
    expect(await refusal(header, ['--key', ...args.slice(1)])).to.match(/set --group-by COLUMN/);
  });

  it('ids of orders that are mapped too are refused: returns would look for others', async () => {
    const refused = await refusal(`id,${header}`, [...args, '--map', 'order_id=id']);
    expect(refused).to.match(/leave out order_id, or return_of/);
  });
});
