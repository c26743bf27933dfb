import { expect } from 'chai';
import { refusal, trialImport } from '../../support/trial-import.js';

const columns = ['paid_at', 'processed_at', 'shipped_at', 'delivered_at', 'cancelled_at', 'refunded_at'];
const header = `order,user,total,placed_at,${columns.join()},paid_amount,refunded_amount,status\n`;
const args = [
  ...['--key', 'order', '--source', 'life', '--set', 'item_id=x,currency=EUR'],
  ...['--map', 'user_id=user,total_amount=total,occurred_at=placed_at,paid_amount=paid_amount'],
  ...['--map', `refunded_amount=refunded_amount,${columns.map((column) => `${column}=${column}`).join()}`],
];
const day = (date: number) => `2025-01-${String(date).padStart(2, '0')}T10:00:00Z`;
const row = (no: string, dates: readonly (number | undefined)[], paid = '', refunded = '', status = '') =>
  `${no},u,10.00,${day(1)},${columns.map((_, nth) => (dates[nth] === undefined ? '' : day(dates[nth] ?? 0))).join()},${paid},${refunded},${status}\n`;

/** The commands as "ship 4 life#1/shipped": command, day, key. */
async function commandsOf(rows: string, more: readonly string[] = []) {
  const { commands, rejected } = await trialImport(header + rows, [...args, ...more]);
  return [
    ...commands.map(
      ({ command, occurredAt, idempotencyKey }) =>
        `${command.command} ${Number(occurredAt?.slice(8, 10))} ${idempotencyKey}`,
    ),
    ...rejected.map(({ line, reason }) => `${line}: ${reason}`),
  ];
}

describe('The life of imported orders', () => {
  it('each date leads to its command at its time, with a key of its own', async () => {
    expect(await commandsOf(row('1', [2, 3, 4, 5]))).to.deep.equal([
      'place 1 life#1',
      'pay 2 life#1/paid',
      'process 3 life#1/processed',
      'ship 4 life#1/shipped',
      'deliver 5 life#1/delivered',
    ]);
    expect(await commandsOf(row('2', [undefined, undefined, undefined, undefined, 2]))).to.deep.equal([
      'place 1 life#2',
      'cancel 2 life#2/cancelled',
    ]);
  });

  it('a step that a later one presupposes takes the later one’s time', async () => {
    expect(await commandsOf(row('1', [undefined, undefined, undefined, 5]))).to.deep.equal([
      'place 1 life#1',
      'process 5 life#1/processed',
      'ship 5 life#1/shipped',
      'deliver 5 life#1/delivered',
    ]);
    expect(
      await commandsOf(row('2', [undefined, undefined, undefined, undefined, undefined, 6], '', '4.00')),
    ).to.deep.equal(['place 1 life#2', 'pay 6 life#2/paid', 'refund 6 life#2/refunded']);
  });

  it('commands are in the order of their times: a payment may come after the delivery', async () => {
    expect((await commandsOf(row('1', [9, undefined, 4, 5]))).map((command) => command.split(' ')[0])).to.deep.equal([
      'place',
      'process',
      'ship',
      'deliver',
      'pay',
    ]);
  });

  it('money that a file says has arrived is recorded, although more was due or the order was cancelled', async () => {
    expect(await commandsOf(row('1', [2], '12.00'))).to.deep.equal(['place 1 life#1', 'pay 2 life#1/paid']);
    expect(await commandsOf(row('2', [4, undefined, undefined, undefined, 3], '10.00'))).to.deep.equal([
      'place 1 life#2',
      'cancel 3 life#2/cancelled',
      'pay 4 life#2/paid',
    ]);
  });

  it('a state, or an amount, without a date is refused, unless --undated last-known takes the last date', async () => {
    const state = ['--map', 'status=status'];
    expect(await commandsOf(row('1', [2], '', '', 'Shipped'), state)).to.deep.equal([
      '2: status is "Shipped", but no date for it (shipped_at): map its column, or set --undated last-known',
    ]);
    expect(await commandsOf(row('1', [2], '', '', 'Shipped'), [...state, '--undated', 'last-known'])).to.deep.equal([
      'place 1 life#1',
      'pay 2 life#1/paid',
      'process 2 life#1/processed',
      'ship 2 life#1/shipped',
    ]);
    expect(await commandsOf(row('1', [], '10.00'))).to.deep.equal([
      '2: paid_amount is 10.00, but no date for it (paid_at): map its column, or set --undated last-known',
    ]);
    expect(await commandsOf(row('1', [], '', '', 'pending'), state)).to.deep.equal(['place 1 life#1']);
    expect(await commandsOf(row('1', [], '', '', 'limbo'), state)).to.deep.equal([
      '2: status: the state "limbo" is unknown: set --states STATE=STEP, or STATE=none',
    ]);
  });

  it('a step that the order’s state forbids rejects the record, and the order keeps the steps before it', async () => {
    const [, , , , rejected] = await commandsOf(row('1', [2, undefined, 3, undefined, 4]));
    expect(rejected).to.match(/^2: the order is placed, but cancel was refused: /);
  });

  it('the steps after a rejected one are not sent, so that a corrected file can still send it', async () => {
    const [placed, rejected, ...others] = await commandsOf(
      row('1', [2, undefined, undefined, undefined, 4]).replace(day(1), day(3)),
    );
    expect(placed).to.match(/^place 3 /);
    expect(rejected).to.match(/^2: the order is placed, but pay was refused: /);
    expect(others).to.deep.equal([]);
  });

  it('a date before the step that it depends on is refused with both', async () => {
    const [, , , rejected] = await commandsOf(row('1', [undefined, undefined, 5, 4]));
    expect(rejected).to.match(
      /deliver was refused: .*must not be before the units were shipped, 2025-01-05.* \(column "delivered_at"\): correct the dates, or set --misdated previous$/,
    );
    const [, early] = await commandsOf(row('2', [2]).replace(day(1), day(3)));
    expect(early).to.match(
      /pay was refused: .*the order was placed, 2025-01-03.*: correct the dates, or set --misdated/,
    );
  });

  it('a reason names the date that --misdated previous needs, and the options for a date in the future', async () => {
    const now = args.map((arg) => arg.replace(',occurred_at=placed_at', ''));
    const trial = (dates: number, options: readonly string[]) => trialImport(header + row('1', [dates]), options);
    const { rejected } = await trial(2, [...now, '--set', 'occurred_at=now']);
    expect(rejected[0]?.reason).to.match(/: correct the dates, or map occurred_at and set --misdated previous$/);
    const future = header + row('1', [2]).replace('2025-01-02', `${new Date().getUTCFullYear() + 1}-12-02`);
    expect((await trialImport(future, args)).rejected[0]?.reason).to.match(
      /in the future \(column "paid_at"\): correct the date, or check --time-zone and --date-format$/,
    );
  });

  it('an amount below 0 places nothing, and the reason says what to map', async () => {
    expect(await commandsOf(row('1', [2], '-5.00'))).to.deep.equal([
      '2: paid_amount is -5.00, which is below 0: map refunds to refunded_amount and refund_id, and payments to a column without refunds',
    ]);
    const negativeRefund =
      '2: refunded_amount is -5.00, which is below 0: map refunded_amount to a column without the sign';
    const refunded = [2, undefined, undefined, undefined, undefined, 3];
    expect(await commandsOf(row('1', refunded, '', '-5.00'))).to.deep.equal([negativeRefund]);
    // Neither a date nor a payment of the order changes the reason.
    expect(await commandsOf(row('1', [], '10.00', '-5.00'))).to.deep.equal([negativeRefund]);
    expect(await commandsOf(row('1', [2], '-0.00'))).to.deep.equal(['place 1 life#1']);
  });

  it('a refund before its payment places nothing, unless --misdated previous moves it', async () => {
    const early = row('1', [5, undefined, undefined, undefined, undefined, 3], '10.00', '4.00');
    expect(await commandsOf(early)).to.deep.equal([
      `2: refunded_at is 2025-01-03T10:00:00.000Z, before the payment (paid_at) of 2025-01-05T10:00:00.000Z: correct the dates, or set --misdated previous`,
    ]);
    expect(await commandsOf(early, ['--misdated', 'previous'])).to.deep.equal([
      ...['place 1 life#1', 'pay 5 life#1/paid', 'refund 5 life#1/refunded'],
    ]);
  });

  it('--undated takes only last-known', async () => {
    expect(await refusal(header, [...args, '--undated', 'now'])).to.match(/--undated now: use last-known/);
  });

  it('a state that is not known is refused, unless --states says what it means', async () => {
    const state = ['--map', 'status=status', '--undated', 'last-known'];
    expect((await commandsOf(row('1', [], '', '', 'Lost at sea'), state)).join()).to.match(/unknown: set --states/);
    const meaning = ['--states', 'Lost at sea=cancelled,shipped=none'];
    expect(await commandsOf(row('1', [], '', '', 'Lost at sea'), [...state, ...meaning])).to.deep.equal([
      'place 1 life#1',
      'cancel 1 life#1/cancelled',
    ]);
    expect(await commandsOf(row('2', [], '', '', 'Shipped'), [...state, ...meaning])).to.deep.equal(['place 1 life#2']);
    expect(await refusal(header, [...args, ...state, '--states', 'x=gone'])).to.match(/use paid, .* or none/);
  });

  it('a step dated before one that it depends on takes the date of that one with --misdated previous', async () => {
    const rows = header + row('1', [undefined, undefined, 5, 4]).replace(day(1), day(6));
    const found = await trialImport(rows, [...args, '--misdated', 'previous']);
    expect(found.rejected).to.deep.equal([]);
    expect(
      found.commands.map(({ command, occurredAt }) => `${command.command} ${occurredAt?.slice(8, 10)}`),
    ).to.deep.equal(['place 06', 'process 06', 'ship 06', 'deliver 06']);
    expect(found.warnings.join()).to.match(/takes the date of that one: 3 times/);
  });
});
