import { expect } from 'chai';
import type { CallRecord, LossRecord } from '../history.js';
import { checkAcknowledged } from './acknowledged.js';
import { partitionOf } from './chain.js';
import { Losses } from './losses.js';
import { callsOf, operationsOf } from './operations.js';
import { groupByOrder, statesOf } from './orders.js';
import { logOf, orderId, type PlantedEvent, paid, paying, placed, placing, unanswered } from './planted.js';

function anomaliesOf(
  events: readonly PlantedEvent[],
  calls: readonly CallRecord[],
  losses: LossRecord[] = [],
): string[] {
  const log = logOf(events);
  const orders = groupByOrder(log, operationsOf(callsOf(calls)), (id) => partitionOf(id, log.partitions));
  return orders.flatMap((order) => checkAcknowledged(order, statesOf(order), new Losses(losses), () => undefined));
}

const otherOrderId = '018f0000-0000-7000-8000-000000000002';

describe('the checker of acknowledged commands', () => {
  it('finds nothing if the log has what was acknowledged', () => {
    expect(anomaliesOf([placed(), paid()], [placing(), paying()])).to.deep.equal([]);
  });

  it('finds an acknowledged command that the log lacks', () => {
    const found = anomaliesOf([placed()], [placing(), paying()]);
    expect(found).to.deep.equal([
      `call 2 (POST /orders/${orderId}/pay) was acknowledged as version 2 of order ${orderId} at 2:2, but the log does not have it.`,
    ]);
  });

  it('expects an acknowledged command to be missing if a restore has lost its position', () => {
    const loss: LossRecord = { kind: 'loss', at: 100, lostFrom: { 2: 2 } };
    expect(anomaliesOf([placed()], [placing(), paying()], [loss])).to.deep.equal([]);
  });

  it('finds a missing command that was acknowledged after the restore', () => {
    const loss: LossRecord = { kind: 'loss', at: 15, lostFrom: { 2: 2 } };
    expect(anomaliesOf([placed()], [placing(), paying()], [loss])).to.have.length(1);
    const during: LossRecord = { kind: 'loss', at: 25, lostFrom: { 2: 2 } };
    const later = paying({ headers: { 'event-position': '2:2@2-9f3a01bc' } });
    expect(anomaliesOf([placed()], [placing(), later], [during])).to.have.length(1);
  });

  it('finds a missing command in front of what the restore has lost', () => {
    const loss: LossRecord = { kind: 'loss', at: 100, lostFrom: { 2: 3 } };
    expect(anomaliesOf([placed()], [placing(), paying()], [loss])).to.have.length(1);
  });

  it('finds a command that was done twice', () => {
    const twice = [placed(), paid('k-2', 1000), paid('k-2', 1000)];
    const found = anomaliesOf(twice, [placing(), paying({ body: { amount: 10 } })]);
    expect(found.join()).to.contain('key k-2').and.contain('is in the log 2 times: 2:2 and 2:3');
  });

  it('finds two calls that were acknowledged as the same version', () => {
    const found = anomaliesOf([placed(), paid()], [placing(), paying(), paying({ startedAt: 40, at: 50 })]);
    expect(found.join()).to.contain('call 3').and.contain('call 2').and.contain('both were acknowledged as version 2');
  });

  it('accepts a retry that gives the same result, and finds one that gives another', () => {
    const replayed = { 'event-position': '2:2', 'idempotency-replayed': 'true' };
    const retry = paying({ startedAt: 40, at: 50, headers: replayed });
    expect(anomaliesOf([placed(), paid()], [placing(), paying(unanswered), retry])).to.deep.equal([]);
    const wrong = { ...retry, headers: {}, response: { order_id: orderId, version: 1 } };
    const found = anomaliesOf([placed(), paid()], [placing(), paying(), wrong]);
    expect(found.join()).to.contain('different results').and.contain('version 1');
  });

  it('finds a key that was acknowledged for two commands', () => {
    const note = (text: string, changes: Partial<CallRecord> = {}) =>
      paying({ path: `/orders/${orderId}/note`, body: { text }, ...changes });
    const event = { type: 'OrderNoteAdded', data: { sealed: 'x' }, key: 'k-2' };
    const replayed = { headers: { 'event-position': '2:2', 'idempotency-replayed': 'true' }, startedAt: 40, at: 50 };
    expect(anomaliesOf([placed(), event], [placing(), note('a'), note('a', replayed)])).to.deep.equal([]);
    expect(anomaliesOf([placed(), event], [placing(), note('a'), note('b', replayed)]).join()).to.contain(
      'key k-2 of order',
    );
  });

  it('finds a rejected command that was done all the same', () => {
    const busy = { status: 503, headers: {}, response: { type: '/problems/overloaded', may_have_been_done: false } };
    const found = anomaliesOf([placed(), paid()], [placing(), paying(busy)]);
    expect(found.join()).to.contain('call 2').and.contain('was rejected');
  });

  it('accepts an unanswered command both done and not done', () => {
    const unclear = { status: 503, headers: {}, response: { may_have_been_done: true } };
    for (const outcome of [unanswered, unclear]) {
      expect(anomaliesOf([placed(), paid()], [placing(), paying(outcome)])).to.deep.equal([]);
      expect(anomaliesOf([placed()], [placing(), paying(outcome)])).to.deep.equal([]);
    }
  });

  it('finds an event whose content is not what the command asked for', () => {
    const found = anomaliesOf([placed(), paid('k-2', 2999)], [placing(), paying()]);
    expect(found.join()).to.contain('"amount_minor":2999').and.contain('"amount_minor":3000');
  });

  it('finds an event of an unanswered command whose content is not what the command asked for', () => {
    expect(anomaliesOf([placed(), paid('k-2', 2999)], [placing(), paying(unanswered)]).join())
      .to.contain('was not answered and asked for pay {}')
      .and.contain('"amount_minor":2999');
    const shipped = { type: 'OrderShipped', data: {}, key: 'k-2' };
    expect(anomaliesOf([placed(), shipped], [placing(), paying(unanswered)]).join()).to.contain('is OrderShipped');
    const { key: _, ...withoutKey } = paying(unanswered);
    const event = (amount_minor: number) => ({ type: 'OrderPaid', data: { amount_minor, payment_reference: null } });
    expect(anomaliesOf([placed(), event(3000)], [placing(), withoutKey])).to.deep.equal([]);
    expect(anomaliesOf([placed(), event(2999)], [placing(), withoutKey])).to.have.length(1);
  });

  it('finds two events of one unanswered command without a key', () => {
    const note = { type: 'OrderNoteAdded', data: { text: 'x' } };
    const { key: _, ...call } = paying({ ...unanswered, path: `/orders/${orderId}/note`, body: { text: 'x' } });
    expect(anomaliesOf([placed(), note], [placing(), call])).to.deep.equal([]);
    expect(anomaliesOf([placed(), note, note], [placing(), call]).join()).to.contain('no call asked for 2:3');
  });

  it('finds an acknowledged command that the rules forbid', () => {
    const found = anomaliesOf([placed(), paid('k-2', 4000)], [placing(), paying({ body: { amount: 40 } })]);
    expect(found.join()).to.contain('the rules do not allow it: more than is due');
  });

  it('finds an event that no call asked for', () => {
    expect(anomaliesOf([placed(), paid()], [placing()]).join()).to.contain('no call asked for 2:2 (OrderPaid)');
  });

  it('finds the order of an unanswered placing without a key by its content', () => {
    const { key: _, ...order } = placed();
    const { key: __, ...call } = placing(unanswered);
    expect(anomaliesOf([order], [call])).to.deep.equal([]);
    expect(anomaliesOf([order, { ...order, orderId: otherOrderId }], [call])).to.have.length(1);
    const other = { ...call, body: { user_id: 'u-1', items: [{ item_id: 'lamp', quantity: 1, unit_price: 31 }] } };
    expect(anomaliesOf([order], [other]).join()).to.contain('no call asked for 2:1 (OrderPlaced)');
  });

  it('checks each line of a batch, and takes lines without a result as unknown', () => {
    const lines = [
      { command: 'pay', order_id: orderId, idempotency_key: 'k-2' },
      { command: 'note', order_id: orderId, text: 'x', idempotency_key: 'k-3' },
    ];
    const batch = paying({
      path: '/orders/batch',
      body: lines,
      headers: {},
      response: [{ line: 1, status: 200, order_id: orderId, version: 2 }],
    });
    const note = { type: 'OrderNoteAdded', data: { text: 'x' }, key: 'k-3' };
    expect(anomaliesOf([placed(), paid(), note], [placing(), batch])).to.deep.equal([]);
    expect(anomaliesOf([placed(), paid()], [placing(), batch])).to.deep.equal([]);
    expect(anomaliesOf([placed()], [placing(), batch]).join()).to.contain('call 2, line 1 (pay) was acknowledged');
  });
});
