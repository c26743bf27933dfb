import { expect } from 'chai';
import type { CallRecord, LossRecord } from '../history.js';
import { checkLinearizable } from './linearizable-orders.js';
import { callsOf, operationsOf } from './operations.js';
import { groupByOrder, type OrderRun, statesOf } from './orders.js';
import { logOf, orderId, type PlantedEvent, paid, paying, placed, placing, unanswered } from './planted.js';

function contradictions(events: PlantedEvent[], calls: CallRecord[], losses: LossRecord[] = []): string[] {
  const [order] = groupByOrder(logOf(events), operationsOf(callsOf(calls)), () => 2) as [OrderRun];
  return checkLinearizable(order, statesOf(order), losses, () => undefined);
}

const tooMuch = { type: '/problems/exceeds-amount-due', current_version: 2 };
const rejected = { status: 409, headers: {}, response: tooMuch, key: 'k-3', body: { amount: 1 } };

describe('the search for an order of the calls', () => {
  it('finds one if the calls overlap as they may', () => {
    expect(contradictions([placed(), paid()], [placing(), paying()])).to.deep.equal([]);
    const during = paying({ ...rejected, startedAt: 15, at: 25 });
    expect(contradictions([placed(), paid()], [placing(), paying(), during])).to.deep.equal([]);
  });

  it('finds none if a call was rejected before its reason was there', () => {
    const early = paying({ ...rejected, startedAt: 12, at: 18 });
    const found = contradictions([placed(), paid()], [placing(), early, paying()]);
    expect(found.join()).to.contain('rejected with 409').and.contain('at version 2');
  });

  it('finds none if a call was rejected although the rules allow it', () => {
    const wrong = { ...rejected, response: { type: '/problems/exceeds-amount-due', current_version: 1 } };
    expect(contradictions([placed()], [placing(), paying(wrong)]).join()).to.contain('pay was rejected');
  });

  it('finds none if versions go against the times of their calls', () => {
    const events = [placed(), paid('k-2', 1000), paid('k-3', 1000)];
    const body = { amount: 10 };
    const second = paying({ body });
    const third = paying({ body, key: 'k-3', startedAt: 40, at: 50, response: { order_id: orderId, version: 3 } });
    expect(contradictions(events, [placing(), second, third])).to.deep.equal([]);
    const early = { ...third, startedAt: 12, at: 18 };
    expect(contradictions(events, [placing(), early, second])).to.have.length(1);
  });

  it('lets an unanswered call happen at any time after its start, once or never', () => {
    const unknown = paying({ ...unanswered, body: { amount: 10 } });
    const events = [placed(), { type: 'OrderNoteAdded', data: { text: 'x' }, key: 'k-4' }, paid('k-2', 1000)];
    const note = paying({
      path: `/orders/${orderId}/note`,
      body: { text: 'x' },
      key: 'k-4',
      startedAt: 40,
      at: 50,
    });
    expect(contradictions(events, [placing(), unknown, note])).to.deep.equal([]);
    expect(contradictions(events.slice(0, 2), [placing(), unknown, note])).to.deep.equal([]);
    const late = { ...unknown, startedAt: 60, at: 70 };
    const between = [placed(), paid('k-2', 1000), { type: 'OrderNoteAdded', data: { text: 'x' }, key: 'k-4' }];
    const noted = { ...note, response: { order_id: orderId, version: 3 } };
    expect(contradictions(between, [placing(), noted, late])).to.have.length(1);
  });

  it('gives a retry the result of the call that it repeats', () => {
    const retry = paying({
      startedAt: 40,
      at: 50,
      headers: { 'idempotency-replayed': 'true' },
    });
    expect(contradictions([placed(), paid()], [placing(), paying(unanswered), retry])).to.deep.equal([]);
    const wrong = { ...retry, response: { order_id: orderId, version: 1 } };
    expect(contradictions([placed(), paid()], [placing(), paying(unanswered), wrong])).to.have.length(1);
  });

  it('finds none if a response shows another order than the rules lead to', () => {
    const shown = { order_id: orderId, version: 2, status: 'pending', payment_status: 'unpaid', balance: 30 };
    expect(contradictions([placed(), paid()], [placing(), paying({ response: shown })])).to.have.length(1);
  });

  it('finds none if the log has an event that no call can have caused', () => {
    expect(contradictions([placed(), paid()], [placing()]).join()).to.contain('version 2 of the log');
  });

  it('looks at the calls before and after a restore by themselves', () => {
    const loss: LossRecord = { kind: 'loss', at: 35, lostFrom: { 2: 2 } };
    const again = paying({ key: 'k-5', startedAt: 40, at: 50, headers: { 'event-position': '2:2@2-9f3a01bc' } });
    expect(contradictions([placed(), paid('k-5')], [placing(), paying(), again], [loss])).to.deep.equal([]);
    expect(contradictions([placed(), paid('k-5')], [placing(), paying(), again])).to.have.length(1);
    const wrong = { ...again, response: { order_id: orderId, version: 3 } };
    expect(contradictions([placed(), paid('k-5')], [placing(), paying(), wrong], [loss])).to.have.length(1);
  });
});
