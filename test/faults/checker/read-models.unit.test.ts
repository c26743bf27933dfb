import { expect } from 'chai';
import type { Api } from './api.js';
import { compareCheckpoints } from './checkpoints.js';
import { compareMetrics, figuresOf } from './metrics.js';
import { groupByOrder, type OrderRun, statesOf } from './orders.js';
import { logOf, orderId, paid, placed } from './planted.js';
import { checkList, compareHistory } from './read-models.js';
import type { OrderState } from './state.js';
import { viewOf } from './view.js';

const log = logOf([placed(), paid('k-2', 1000)]);
const order = groupByOrder(log, [], () => 2)[0] as OrderRun;
const state = statesOf(order).at(-1) as OrderState;
const states = new Map([[orderId, state]]);
const view = viewOf(state);

/** An API whose list of orders is this one. */
const listing = (orders: object[]): Api => ({
  get: <Body>() => Promise.resolve({ orders, next_cursor: null } as Body),
});

const metrics = {
  other_currencies: [],
  total_orders: 1,
  by_status: { pending: 1, shipped: 0 },
  units: 1,
  revenue: { gross: 30, cancelled: 0, refunded: 0, credited: 0, net: 30, paid: 10, given_back: 0, cash: 10 },
};

describe('the checker of read models', () => {
  it('finds nothing in a list that is the fold of the log', async () => {
    expect(await checkList(listing([view]), states)).to.deep.equal([]);
  });

  it('finds a wrong field, a missing order, one too many, and one that is listed twice', async () => {
    const wrong = await checkList(listing([{ ...view, paid_amount: 20 }]), states);
    expect(wrong).to.deep.equal([`order ${orderId}, version 2: in the list paid_amount is 20, not 10.`]);
    expect((await checkList(listing([]), states)).join()).to.contain(`lacks order ${orderId}`);
    expect((await checkList(listing([view, { ...view, order_id: 'other' }]), states)).join()).to.contain(
      'the log lacks',
    );
    expect((await checkList(listing([view, view]), states)).join()).to.contain('twice');
  });

  it('finds a field that the order should not have', async () => {
    const found = await checkList(listing([{ ...view, damaged: true }]), states);
    expect(found.join()).to.contain('damaged is true');
  });

  it('finds a history that lacks an event, or shows another position, hash or amount', () => {
    const shown = order.events.map((event) => ({
      version: event.version,
      type: event.type,
      position: event.position,
      hash: event.hash.toString('hex'),
      occurred_at: event.occurredAt,
      recorded_at: event.recordedAt,
      data: JSON.parse(event.data) as object,
    }));
    const [first, second] = shown as [(typeof shown)[0], (typeof shown)[0]];
    expect(compareHistory(order, state, shown)).to.deep.equal([]);
    expect(compareHistory(order, state, [first]).join()).to.contain('has 1 events, the log 2');
    for (const change of [{ position: 3 }, { hash: '00' }, { data: { amount_minor: 1 } }])
      expect(compareHistory(order, state, [first, { ...second, ...change }])).to.have.length(1);
  });

  it('finds figures that are not the sums of the orders', () => {
    const sum = figuresOf([state]).get('USD')!;
    expect(compareMetrics('USD', sum, metrics)).to.deep.equal([]);
    const wrong = [
      { ...metrics, total_orders: 2 },
      { ...metrics, by_status: { pending: 1, shipped: 1 } },
      { ...metrics, revenue: { ...metrics.revenue, paid: 10.01 } },
    ];
    for (const figures of wrong) expect(compareMetrics('USD', sum, figures)).to.have.length(1);
  });

  it('finds a checkpoint of the newest epoch that names no event of the log', () => {
    const last = log.events.at(-1)!;
    const key = `{orders:51c1d80e:${last.partition}}:metrics:1:checkpoint`;
    const good = `2:${last.hash.toString('hex')}`;
    expect(compareCheckpoints(log, new Map([[key, good]]))).to.deep.equal({ anomalies: [], compared: 1 });
    const lost = compareCheckpoints(log, new Map([[key, good.replace('2:', '3:')]]));
    expect(lost.anomalies.join()).to.contain('no event of the log');
    const foreign = new Map([[key.replace('51c1d80e', '00000000'), good]]);
    expect(compareCheckpoints(log, foreign).compared).to.equal(0);
    const later = key.replace('51c1d80e', '51c1d80e_2_9f3a01bc');
    const both = new Map([
      [key, good.replace('2:', '3:')],
      [later, good],
    ]);
    expect(compareCheckpoints(log, both)).to.deep.equal({ anomalies: [], compared: 1 });
  });
});
