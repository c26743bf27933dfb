import { expect } from 'chai';
import type { CallRecord, FaultRecord, LossRecord } from '../history.js';
import { Losses } from './losses.js';
import { observationsOf } from './observations.js';
import { callsOf } from './operations.js';
import { groupByOrder, type OrderRun, statesOf } from './orders.js';
import { call, logOf, orderId, paid, placed } from './planted.js';
import { checkReads, RedisFaults } from './reads.js';
import { checkTotals } from './totals.js';
import { viewOf } from './view.js';

const log = logOf([placed(), paid()]);
const order = groupByOrder(log, [], () => 2)[0] as OrderRun;
const states = statesOf(order);
const [unpaid, all] = states.map(viewOf) as [object, object];
const notFound = { status: 404, response: { type: '/problems/order-not-found' } };

function reading(response: unknown, startedAt: number, changes: Partial<CallRecord> = {}): CallRecord {
  return call({ method: 'GET', path: `/orders/${orderId}`, response, startedAt, at: startedAt + 5, ...changes });
}

function anomaliesOf(calls: CallRecord[], faults: FaultRecord[] = [], losses: LossRecord[] = []): string[] {
  const seen = observationsOf(callsOf(calls));
  return checkReads(order, states, seen, new Losses(losses), new RedisFaults(faults, losses), () => undefined);
}

describe('the checker of reads', () => {
  it('finds nothing in reads that are as the log is, and go forward', () => {
    const list = reading({ orders: [all], next_cursor: null }, 30, { path: '/orders?limit=20' });
    expect(anomaliesOf([reading({}, 0, notFound), reading(unpaid, 10), reading(all, 20), list])).to.deep.equal([]);
  });

  it('finds an order that is shown wrong, alone, in a list and in the response to a command', () => {
    const wrong = { ...all, balance: 1 };
    const list = { path: '/orders?limit=20' };
    const paying = { method: 'POST' as const, path: `/orders/${orderId}/pay` };
    const calls = [reading(wrong, 0), reading({ orders: [wrong] }, 0, list), reading(wrong, 0, paying)];
    expect(anomaliesOf(calls)).to.have.length(3);
    expect(anomaliesOf(calls)[0]).to.equal(
      `call 1 (GET /orders/${orderId}) shows order ${orderId} at version 2: balance is 1, not 0.`,
    );
  });

  it('finds a version that the log does not have, unless a restore has lost it', () => {
    const shown = [reading({ ...all, version: 3 }, 0)];
    expect(anomaliesOf(shown).join()).to.contain('version 3').and.contain('which the log lacks');
    expect(anomaliesOf(shown, [], [{ kind: 'loss', at: 10, lostFrom: { 2: 3 } }])).to.deep.equal([]);
  });

  it('finds a read that saw less than the position that it carried', () => {
    expect(anomaliesOf([reading(unpaid, 0, { minPosition: '2:1' })])).to.deep.equal([]);
    expect(anomaliesOf([reading(unpaid, 0, { minPosition: '1:9' })])).to.deep.equal([]);
    expect(anomaliesOf([reading(unpaid, 0, { minPosition: '2:2' })]).join()).to.contain('asked for 2:2');
    const missing = anomaliesOf([reading({}, 0, { ...notFound, minPosition: '2:1' })]);
    expect(missing.join()).to.contain('says that there is no');
  });

  it('finds a read that went back, and accepts it if Redis got an older state meanwhile', () => {
    const calls = [reading(all, 0), reading(unpaid, 10)];
    expect(anomaliesOf(calls).join()).to.contain('shows version 1').and.contain('had shown version 2');
    expect(anomaliesOf([reading(all, 0), reading({}, 10, notFound)])).to.have.length(1);
    const fault = { kind: 'fault' as const, at: 6, name: 'older Redis', detail: '', healedAt: 7, readyAt: 8 };
    expect(anomaliesOf(calls, [fault])).to.deep.equal([]);
    expect(anomaliesOf(calls, [{ ...fault, name: 'kill + fail over Redis' }])).to.deep.equal([]);
    const step = { ...fault, name: 'step response lost' };
    expect(anomaliesOf(calls, [{ ...step, detail: 'with a SIGKILL of Redis' }])).to.deep.equal([]);
    expect(anomaliesOf(calls, [step])).to.have.length(1);
  });

  it('finds an order that was shown and has no history or no commands', () => {
    for (const part of ['history', 'commands']) {
      const missing = reading({}, 10, { ...notFound, path: `/orders/${orderId}/${part}` });
      expect(anomaliesOf([reading(all, 0), missing]), part).to.have.length(1);
    }
  });

  it('finds a read that went back because Redis was emptied or only its connections broke', () => {
    const calls = [reading(all, 0), reading(unpaid, 10)];
    const fault = { kind: 'fault' as const, at: 6, detail: '', healedAt: 7, readyAt: 8 };
    for (const name of ['empty Redis', 'flush Redis', 'kill + cut redis'])
      expect(anomaliesOf(calls, [{ ...fault, name }]), name).to.have.length(1);
  });

  it('accepts reads of either version while they overlap', () => {
    expect(anomaliesOf([reading(all, 0), reading(unpaid, 4)])).to.deep.equal([]);
  });

  it('finds a history whose events are not those of the log', () => {
    const events = order.events.map(({ version, position, hash }) => ({
      version,
      position,
      hash: hash.toString('hex'),
    }));
    const path = `/orders/${orderId}/history`;
    expect(anomaliesOf([reading({ events, next_after: null }, 0, { path })])).to.deep.equal([]);
    const wrong = [events[0], { ...events[1], hash: '00' }];
    expect(anomaliesOf([reading({ events: wrong, next_after: null }, 0, { path })]).join()).to.contain('event 2');
  });

  it('finds a number of orders that falls', () => {
    const counting = (total_orders: number, at: number) =>
      reading({ currency: 'USD', total_orders }, at, { path: '/orders/metrics?currency=USD' });
    const calls = callsOf([counting(2, 0), counting(1, 10)]);
    expect(checkTotals(calls, () => false).join())
      .to.contain('shows 1 orders')
      .and.contain('had shown 2');
    expect(checkTotals(calls, () => true)).to.deep.equal([]);
    expect(checkTotals(callsOf([counting(1, 0), counting(2, 10)]), () => false)).to.deep.equal([]);
  });
});
