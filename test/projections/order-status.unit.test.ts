import { expect } from 'chai';
import { erasedText } from '../../src/orders/personal-data.js';
import type { OrderStatus, PaymentStatus } from '../../src/orders/totals.js';
import { orderStatusProjection } from '../../src/projections/order-status.js';
import { shortId } from '../../src/read-models/encoding/short-id.js';
import {
  newestEntries,
  orderStatusKeys,
  placedMember,
  userMember,
  userStateMember,
} from '../../src/read-models/order-status.js';
import type { RedisCommand } from '../../src/read-models/redis/redis-command.js';
import { orderId } from '../support/given.js';
import { type Given, KeysInMemory, plainKeys, projectedEvents, step } from '../support/projected-steps.js';

const key = orderStatusKeys(plainKeys);
const other = '018f0000-0000-7000-8000-000000000002';
const member = placedMember('2026-01-01T00:00:00.000Z', orderId);

const items = (lines: number) =>
  Array.from({ length: lines }, (_, nth) => ({ item_id: `item-${nth}`, quantity: 2, unit_price_minor: 1 }));
const placed = (lines = 1, order?: string): Given => [
  'OrderPlaced',
  { user_id: 'u', currency: 'USD', total_minor: 2, items: items(lines), metadata: {} },
  order,
];
const paid = (amount: number): Given => ['OrderPaid', { amount_minor: amount, payment_reference: null }];
const shipped = (quantity: number): Given => [
  'OrderShipped',
  {
    items: [{ line_id: '1', item_id: 'item-0', quantity }],
    ...{ carrier: null, tracking_number: null, shipment_id: '1' },
  },
];
const held: Given = ['OrderHeld', { reason: 'r' }];
const released: Given = ['OrderReleased', { reason: 'r' }];
const note: Given = ['OrderNoteAdded', { text: 'n' }];
const erased: Given = ['OrderPersonErased', {}];
const processing: Given = ['OrderProcessingStarted', {}];

/** The sets that hold an order in some state, with its members. */
function expectedSets(user: string, status: OrderStatus, payment: PaymentStatus, onHold: boolean) {
  const sets: [string, string][] = [
    [key.placedWith(status, payment), member],
    [key.users(user), userMember(user, member)],
    [key.userStates(user), userStateMember(user, status, payment, member)],
  ];
  if (onHold) sets.push([key.held, member], [key.heldUsers, userMember(user, member)]);
  return sets.toSorted();
}

/** The sets that hold the order, but for the one by update. */
function setsOf(keys: KeysInMemory): [string, string][] {
  const indexes = [...keys.sets].filter(([set]) => /^(placed|users|user-states|held|held-users)(:|$)/.test(set));
  return indexes.flatMap(([set, members]) => [...members].map((one): [string, string] => [set, one])).toSorted();
}

type State = Awaited<ReturnType<typeof orderStatusProjection.load>>;

/** A step, with the commands that it wrote. */
async function written(keys: KeysInMemory, given: readonly Given[], from: number): Promise<readonly RedisCommand[]> {
  const events = (await projectedEvents(given)).slice(from);
  const state = await orderStatusProjection.load(events, plainKeys, keys.read);
  const commands = orderStatusProjection.project(events, plainKeys, state);
  await keys.apply(commands);
  return commands;
}

describe('order-status', () => {
  const life: [given: Given, user: string, OrderStatus, PaymentStatus, onHold: boolean][] = [
    [placed(), 'u', 'pending', 'unpaid', false],
    [held, 'u', 'pending', 'unpaid', true],
    [paid(1), 'u', 'pending', 'partially_paid', true],
    [released, 'u', 'pending', 'partially_paid', false],
    [note, 'u', 'pending', 'partially_paid', false],
    [processing, 'u', 'processing', 'partially_paid', false],
    [shipped(1), 'u', 'partially_shipped', 'partially_paid', false],
    [held, 'u', 'partially_shipped', 'partially_paid', true],
    [erased, erasedText, 'partially_shipped', 'partially_paid', true],
    [paid(1), erasedText, 'partially_shipped', 'paid', true],
    [released, erasedText, 'partially_shipped', 'paid', false],
  ];

  for (const keepsState of [true, false]) {
    it(`has each order in the sets of its present state alone: ${keepsState ? 'with' : 'without'} the step before`, async () => {
      const events = await projectedEvents(life.map(([given]) => given));
      const keys = new KeysInMemory();
      let last: State | undefined;
      for (const [index, [given, ...state]] of life.entries()) {
        const now = await step(orderStatusProjection, keys, events.slice(index, index + 1), last);
        if (keepsState) last = now;
        expect(setsOf(keys), given[0]).to.deep.equal(expectedSets(...state));
        expect([...(keys.sets.get(key.updated) ?? [])]).to.deep.equal([shortId(orderId)]);
      }
    });
  }

  it('leaves the order in one set of each kind if several of its states are in one step', async () => {
    for (const first of [0, 1, 3]) {
      const keys = new KeysInMemory();
      const events = await projectedEvents(life.map(([given]) => given));
      if (first > 0) await step(orderStatusProjection, keys, events.slice(0, first));
      await step(orderStatusProjection, keys, events.slice(first, 9));
      const [, ...state] = life[8] ?? expect.fail('no such event');
      expect(setsOf(keys), String(first)).to.deep.equal(expectedSets(...state));
    }
  });

  it('writes the order and its position, and of the other sets only what changes', async () => {
    const keys = new KeysInMemory();
    const all = life.map(([given]) => given);
    const [hash, field] = key.order(orderId);
    const first = await written(keys, all.slice(0, 1), 0);
    expect(first.map(([name]) => name)).to.deep.equal([
      'HSET',
      'ZADD',
      'ZADD',
      'ZADD',
      'ZADD',
      'ZADD',
      'ZREMRANGEBYRANK',
    ]);
    const sets: RedisCommand[][] = [];
    for (const index of [1, 2, 3, 4]) {
      const commands = await written(keys, all.slice(0, index + 1), index);
      expect(commands[0]?.slice(0, 3)).to.deep.equal(['HSET', hash, field]);
      expect(commands.at(-1)).to.deep.equal(['ZADD', key.updated, index + 1, shortId(orderId)]);
      sets.push(commands.slice(1, -1).toSorted());
    }
    const state = (payment: PaymentStatus) => userStateMember('u', 'pending', payment, member);
    expect(sets).to.deep.equal([
      [
        ['ZADD', key.held, 0, member],
        ['ZADD', key.heldUsers, 0, userMember('u', member)],
      ],
      [
        ['ZADD', key.placedWith('pending', 'partially_paid'), 0, member],
        ['ZADD', key.userStates('u'), 0, state('partially_paid')],
        ['ZREM', key.placedWith('pending', 'unpaid'), member],
        ['ZREM', key.userStates('u'), state('unpaid')],
      ],
      [
        ['ZREM', key.held, member],
        ['ZREM', key.heldUsers, userMember('u', member)],
      ],
      [],
    ]);
  });

  it('writes each set once per step, with the members of all orders', async () => {
    const keys = new KeysInMemory();
    const given: Given[] = [placed(), placed(1, other), processing, ['OrderProcessingStarted', {}, other]];
    const otherMember = placedMember('2026-01-01T00:00:01.000Z', other);
    await written(keys, given.slice(0, 2), 0);
    const commands = await written(keys, given, 2);
    const list = (status: OrderStatus) => key.placedWith(status, 'unpaid');
    expect(commands.filter(([, set]) => String(set).startsWith('placed:'))).to.deep.equal([
      ['ZREM', list('pending'), member, otherMember],
      ['ZADD', list('processing'), 0, member, 0, otherMember],
    ]);
    expect(commands.at(-1)).to.deep.equal(['ZADD', key.updated, 3, shortId(orderId), 4, shortId(other)]);
  });

  it('has the newest orders in a set of limited size, in whatever order they were placed', async () => {
    const orders = Array.from({ length: 300 }, (_, nth) => placed(1, `${other.slice(0, -3)}${100 + nth}`));
    for (const everyMs of [1_000, -1_000]) {
      const events = await projectedEvents(orders, everyMs);
      const keys = new KeysInMemory();
      const state = await orderStatusProjection.load(events, plainKeys, keys.read);
      const commands = orderStatusProjection.project(events, plainKeys, state);
      await keys.apply(commands);
      const members = events.map(({ event }) => placedMember(event.occurredAt, event.orderId)).toSorted();
      expect([...(keys.sets.get(key.newest) ?? [])].toSorted()).to.deep.equal(members.slice(-newestEntries));
      const added = commands.find(([name, set]) => name === 'ZADD' && set === key.newest);
      expect(added, 'pairs of scores and members').to.have.length(2 + 2 * (newestEntries + 1));
    }
  });

  for (const lines of [1, 300]) {
    it(`does not read an order of ${lines} lines that the step before has placed or read whole`, async () => {
      const events = await projectedEvents([placed(lines), shipped(1), note, shipped(1)]);
      const keys = new KeysInMemory();
      const last = await step(orderStatusProjection, keys, events.slice(0, 1));
      keys.reads.length = 0;
      await step(orderStatusProjection, keys, events.slice(1, 2), last);
      expect(keys.reads, 'of a placed order').to.deep.equal([]);
      const again = await step(orderStatusProjection, keys, events.slice(2, 3));
      keys.reads.length = 0;
      await step(orderStatusProjection, keys, events.slice(3), again);
      expect(keys.reads, 'of an order that was read').to.have.length(lines === 1 ? 0 : 2);
    });
  }

  it('reads the details of a large order once an event needs them, and keeps them from then on', async () => {
    const events = await projectedEvents([placed(300), note, paid(1), shipped(1), paid(1), shipped(1)]);
    const keys = new KeysInMemory();
    await step(orderStatusProjection, keys, events.slice(0, 1));
    const [[hash, head], [, details]] = [key.order(orderId), key.details(orderId)];
    let last: State | undefined;
    const reads: RedisCommand[][] = [];
    for (const event of events.slice(1)) {
      last = await step(orderStatusProjection, keys, [event], last);
      reads.push(keys.reads.splice(0));
    }
    const [readHead, readDetails] = [head, details].map((field): RedisCommand => ['HGET', hash, field]);
    expect(reads).to.deep.equal([[readHead], [], [readHead, readDetails], [], []]);
    const order = last?.get(orderId)?.order;
    expect([order?.items.length, order?.shipments.length, order?.paidMinor]).to.deep.equal([300, 2, 2]);
  });

  it('writes the details of a large order only in a step that may have changed them', async () => {
    const keys = new KeysInMemory();
    const given = [placed(300), note, shipped(1), paid(1), note, shipped(1)];
    const [, field] = key.details(orderId);
    const hasDetails = (commands: readonly RedisCommand[]) => commands.some((words) => words.includes(field));
    expect(hasDetails(await written(keys, given.slice(0, 1), 0))).to.equal(true);
    expect(hasDetails(await written(keys, given.slice(0, 2), 1))).to.equal(false);
    expect(hasDetails(await written(keys, given.slice(0, 5), 2))).to.equal(true);
    expect(hasDetails(await written(keys, given, 5))).to.equal(true);
  });

  it('fails on a large order whose details are missing, if an event needs them', async () => {
    const events = await projectedEvents([placed(300), paid(1), shipped(1)]);
    const keys = new KeysInMemory();
    await step(orderStatusProjection, keys, events.slice(0, 1));
    await keys.apply([['HDEL', ...key.details(orderId)]]);
    await orderStatusProjection.load(events.slice(1, 2), plainKeys, keys.read);
    const loading = orderStatusProjection.load(events.slice(1), plainKeys, keys.read);
    expect(await loading.catch(String)).to.contain('its details are missing');
  });
});
