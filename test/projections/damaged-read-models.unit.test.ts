import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import { metricsProjection } from '../../src/projections/metrics.js';
import { orderHistoryProjection } from '../../src/projections/order-history.js';
import { type ProjectedEvent, StepTooLarge } from '../../src/projections/projection.js';
import { decodeEvents } from '../../src/projector/steps/decode-events.js';
import type { PartitionKeys } from '../../src/read-models/keys.js';
import { encodePositions } from '../../src/read-models/order-history.js';
import { placedEvent } from '../support/events.js';

const key: PartitionKeys = (...names) => names.join(':');
const orderId = randomUUID();

type GivenEvent = Pick<StoredEvent, 'position' | 'version' | 'type'> & Partial<Pick<StoredEvent, 'data'>>;

async function eventsOf(...stored: GivenEvent[]): Promise<ProjectedEvent[]> {
  const at = '2026-01-01T00:00:00.000Z';
  const all = stored.map(
    (one): StoredEvent => ({
      data: '{"text":"x"}',
      ...one,
      ...{ partition: 0, orderId, metadata: '{"schema":1,"actor":"a"}' },
      ...{ occurredAt: at, recordedAt: at, hash: Buffer.alloc(32) },
    }),
  );
  return (await decodeEvents(all, async (events) => [...events])).flatMap(({ event }) => event ?? []);
}

/** A Redis that replies to each command with the next of these. */
function replying(...replies: unknown[]) {
  const next = async (commands: readonly unknown[]) => replies.splice(0, commands.length);
  return Object.assign(next, { fields: async (entries: readonly unknown[]) => (await next(entries)) as string[] });
}

describe('damaged read models', () => {
  it('order-history fails on an order without positions, a missing erased entry and a list that is too long', async () => {
    const later = await eventsOf({ position: 9, version: 4, type: 'OrderNoteAdded' });
    const noPositions = orderHistoryProjection.load(later, key, replying(8, null));
    expect(await noPositions.catch(String)).to.contain('has later events but no entry');

    const erasure = await eventsOf({ position: 9, version: 2, type: 'OrderPersonErased' });
    const noEntry = orderHistoryProjection.load(erasure, key, replying(8, encodePositions(undefined, [3]), null));
    expect(await noEntry.catch(String)).to.contain('no entry for position 3');

    const state = await orderHistoryProjection.load(later, key, replying(20, encodePositions(undefined, [3])));
    expect(() => orderHistoryProjection.project(later, key, state)).to.throw('already reaches beyond position 9');
  });

  it('order-history erases the orders of a step one after the other if their entries are large', async () => {
    const [first] = await eventsOf({ position: 9, version: 2, type: 'OrderPersonErased' });
    const [second] = await eventsOf({ position: 10, version: 2, type: 'OrderPersonErased' });
    if (!first || !second) throw new Error('the events cannot be decoded');
    const other = randomUUID();
    const ofOther = { stored: { ...second.stored, orderId: other }, event: { ...second.event, orderId: other } };
    const [one, two] = [encodePositions(undefined, [3]), encodePositions(undefined, [4])];
    const large = 'x'.repeat(5 * 1024 * 1024);
    const loading = orderHistoryProjection.load([first, ofOther], key, replying(8, one, two, large));
    const error = await loading.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(StepTooLarge);
    expect((error as StepTooLarge).position).to.equal(10);
  });

  it('order-history keeps the index of each position, also after skipped events and in the next list', async () => {
    const events = await eventsOf(
      ...[3, 6, 255, 256, 259].map((position, nth) => ({ position, version: nth + 5, type: 'OrderNoteAdded' })),
    );
    const state = await orderHistoryProjection.load(events, key, replying(1, encodePositions(undefined, [1])));
    const pushes = orderHistoryProjection.project(events, key, state).filter(([command]) => command === 'RPUSH');
    const filled = pushes.map(([, list, ...entries]) => [
      list,
      entries.length,
      entries.flatMap((entry, index) => (entry === '' ? [] : index)),
    ]);
    expect(filled).to.deep.equal([
      ['events:0', 255, [1, 4, 253, 254]],
      ['events:1', 3, [2]],
    ]);
  });

  it('metrics fails on missing figures of an order that it has counted, and begins those of a new one', async () => {
    const placed = await eventsOf({ position: 3, version: 1, type: 'OrderPlaced', data: placedEvent().data });
    const none = replying([null, null, null, null]);
    const state = await metricsProjection.load(placed, key, none);
    const writes = metricsProjection.project(placed, key, state);
    const order = String(writes.find(([, hash]) => String(hash).startsWith('orders:'))?.at(-1));
    const later = await eventsOf({ position: 9, version: 2, type: 'OrderNoteAdded' });
    for (const figures of [
      [null, null, null, null],
      ['', '', '', ''],
    ]) {
      const loading = metricsProjection.load(later, key, replying(order, figures));
      expect(await loading.catch(String)).to.match(/the figures of USD \S+ are missing/);
    }
  });

  it('metrics fails if one of its two series lacks a currency that the other one counts', async () => {
    const placed = await eventsOf({ position: 3, version: 1, type: 'OrderPlaced', data: placedEvent().data });
    const nothing = [null, null, null, null];
    const state = await metricsProjection.load(placed, key, replying(nothing, nothing));
    const writes = metricsProjection.project(placed, key, state);
    const order = String(writes.find(([, hash]) => String(hash).startsWith('orders:'))?.at(-1));
    /** The fields of a series that a step reads: the total, the month, the day and the block. */
    const series = (name: string) => {
      const [, , ...pairs] = writes.find(([, hash]) => hash === `${name}:USD`) ?? [];
      return ['total', 'month', 'day', 'block'].map((field) =>
        String(pairs[pairs.findIndex((one) => String(one).split(':')[0] === field) + 1]),
      );
    };
    const [figures, byEvent] = [series('figures'), series('by-event')];
    const paid = await eventsOf({
      position: 9,
      version: 2,
      type: 'OrderPaid',
      data: '{"amount_minor":100,"payment_reference":null}',
    });
    await metricsProjection.load(paid, key, replying(order, figures, byEvent));
    const lost = metricsProjection.load(paid, key, replying(order, figures, [null, ...byEvent.slice(1)]));
    expect(await lost.catch(String)).to.match(/the figures of USD total are missing/);

    // Also if the step knows none of the orders that are counted.
    await metricsProjection.load(placed, key, replying(figures, byEvent));
    for (const [one, other] of [
      [figures, nothing],
      [nothing, byEvent],
    ]) {
      const loading = metricsProjection.load(placed, key, replying(one, other));
      expect(await loading.catch(String)).to.match(/the figures of USD total are missing or damaged in one of the/);
    }
  });

  it('metrics fails on an order that it cannot decode', async () => {
    const later = await eventsOf({ position: 9, version: 4, type: 'OrderNoteAdded' });
    for (const text of ['', 'USD', 'USD 0 0 z 1', 'USD 0 0 0', 'USD 0 - 0 1', `USD${' 0'.repeat(18)}`, '["USD",0]']) {
      const loading = metricsProjection.load(later, key, replying(text));
      expect(await loading.catch(String), text).to.match(/no encoded order/);
    }
  });
});
