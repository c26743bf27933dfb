import { expect } from 'chai';
import { erasedText } from '../../src/orders/personal-data.js';
import { orderHistoryProjection } from '../../src/projections/order-history.js';
import { type ProjectedEvent, type ReadKeys, StepTooLarge } from '../../src/projections/projection.js';
import {
  chunkOf,
  decodeHistoryEntry,
  decodePositions,
  encodePositions,
  orderHistoryKeys,
} from '../../src/read-models/order-history.js';
import { orderId } from '../support/given.js';
import { type Given, KeysInMemory, plainKeys, projectedEvents, step } from '../support/projected-steps.js';

const key = orderHistoryKeys(plainKeys);
const other = '018f0000-0000-7000-8000-000000000002';
const third = '018f0000-0000-7000-8000-000000000003';

const placed = (order?: string): Given => [
  'OrderPlaced',
  {
    ...{ user_id: 'u', currency: 'USD', total_minor: 1, metadata: { gift: 'yes' } },
    items: [{ item_id: 'a', quantity: 9, unit_price_minor: null }],
  },
  order,
];
const shipped = (tracking: string | null): Given => [
  'OrderShipped',
  { items: [{ item_id: 'a', quantity: 1 }], carrier: 'c', tracking_number: tracking, shipment_id: null },
];
const paid: Given = ['OrderPaid', { amount_minor: 1, payment_reference: 'p' }];
const amended: Given = ['OrderAmended', { reason: null, reference: '#1' }];
const note = (text: string, order?: string): Given => ['OrderNoteAdded', { text }, order];
const erased = (order?: string): Given => ['OrderPersonErased', {}, order];

/** The events as they are stored if the personal data of some of them is sealed. */
async function sealedEvents(given: readonly Given[], isSealed: (type: string) => boolean): Promise<ProjectedEvent[]> {
  return (await projectedEvents(given)).map(({ stored, event }) => {
    const metadata = { ...JSON.parse(stored.metadata), ...(isSealed(event.type) && { person: 'p-1' }) };
    return { stored: { ...stored, metadata: JSON.stringify(metadata) }, event };
  });
}

/** The entries of all positions; undefined for an empty one. */
function entriesOf(keys: KeysInMemory) {
  return [...keys.lists].flatMap(([list, texts]) =>
    texts.map((text) => (text === '' ? undefined : decodeHistoryEntry(Number(list.split(':')[1]), text))),
  );
}

/** Applies events in steps of these sizes. */
async function afterSteps(events: readonly ProjectedEvent[], sizes: readonly number[], keepsState: boolean) {
  const keys = new KeysInMemory();
  let last: Awaited<ReturnType<typeof orderHistoryProjection.load>> | undefined;
  let from = 0;
  for (const size of sizes) {
    const now = await step(orderHistoryProjection, keys, events.slice(from, from + size), last);
    if (keepsState) last = now;
    from += size;
  }
  return keys;
}

/** The read of positions and entries of erased orders, each with entries of some bytes. */
function readingLarge(bytes: readonly number[]): ReadKeys {
  const entries = bytes.map((length) => 'x'.repeat(length));
  return Object.assign(
    async (commands: readonly (readonly unknown[])[]) =>
      commands.map(([name, , index]) => (name === 'LLEN' ? 100 : (entries[Number(index)] ?? null))),
    {
      fields: async (all: readonly unknown[]) => all.map((_, index) => encodePositions(undefined, [index + 1])),
    },
  );
}

describe('order-history', () => {
  it('has each event at its position, and of each order the positions and its first event', async () => {
    const given = [placed(), placed(other), note('1'), note('2', other), note('3')];
    for (const sizes of [[5], [1, 1, 1, 1, 1], [2, 3], [3, 2]]) {
      const keys = await afterSteps(await projectedEvents(given), sizes, false);
      const entries = entriesOf(keys).map((entry) => [entry?.position, entry?.firstPosition, entry?.orderId]);
      expect(entries, String(sizes)).to.deep.equal([
        [1, 1, orderId],
        [2, 2, other],
        [3, 1, undefined],
        [4, 2, undefined],
        [5, 1, undefined],
      ]);
      for (const [order, positions] of [
        [orderId, [1, 3, 5]],
        [other, [2, 4]],
      ] as const) {
        const [hash, field] = key.order(order);
        expect(decodePositions(keys.hashes.get(hash)?.get(field) ?? '')).to.deep.equal(positions);
      }
    }
  });

  it('fills the lists one after the other, with an empty entry for each event that it does not get', async () => {
    const all = await projectedEvents([placed(), ...Array.from({ length: 519 }, (_, nth) => note(String(nth)))]);
    const skipped = new Set([2, 3, 255, 257, 512, 513]);
    const events = all.filter(({ stored }) => !skipped.has(stored.position));
    const expected = all.map(({ stored }) => (skipped.has(stored.position) ? undefined : stored.position));
    for (const keepsState of [true, false]) {
      for (const sizes of [[events.length], [1, 1, 250, 1, 1, 300], [253, 254, 10], events.map(() => 1)]) {
        const keys = await afterSteps(events, sizes, keepsState);
        const found = [...expected];
        // The last entry of a list may be missing: no later event fills it.
        for (const [list, texts] of keys.lists)
          for (const [index, text] of texts.entries()) {
            const position = Number(list.split(':')[1]) * 256 + index + 1;
            const entry = text === '' ? undefined : decodeHistoryEntry(chunkOf(position).chunk, text);
            expect(entry?.position, `${position}`).to.equal(expected[position - 1]);
            found[position - 1] = undefined;
          }
        expect(found.filter((position) => position !== undefined)).to.deep.equal([]);
      }
    }
  });

  describe('after an erasure', () => {
    const given = [
      placed(),
      note('about the customer'),
      placed(other),
      paid,
      shipped('t-1'),
      shipped(null),
      amended,
      note('about another', other),
      erased(),
      note('later'),
    ];
    const data = given.map(([, one]) => one as Record<string, unknown>);
    const without = data.map((one, index) => {
      if (index === 0) return { ...one, user_id: erasedText, metadata: {} };
      if (index === 1) return { text: erasedText };
      if (index === 4) return { ...one, tracking_number: erasedText };
      return one;
    });

    for (const sizes of [[10], [8, 2], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 4, 1, 1], [9, 1]]) {
      for (const keepsState of [true, false]) {
        it(`has no personal data of the order: steps of ${sizes}, ${keepsState ? 'with' : 'without'} the state`, async () => {
          const events = await sealedEvents(given, (type) => type !== 'OrderPaid' && type !== 'OrderPersonErased');
          const keys = await afterSteps(events, sizes, keepsState);
          const found = entriesOf(keys).map((entry) => entry?.data as Record<string, unknown>);
          // An event of the same step as the erasure is without its data too, if it follows.
          expect(found.slice(0, 9)).to.deep.equal(without.slice(0, 9));
          expect(entriesOf(keys).map((entry) => entry?.type)).to.deep.equal(given.map(([type]) => type));
        });
      }
    }

    it('has the data of events that were not sealed', async () => {
      const keys = await afterSteps(await projectedEvents(given), [8, 2], true);
      expect(entriesOf(keys).map((entry) => entry?.data)).to.deep.equal(data);
    });

    it('has written no entry again that has no personal data', async () => {
      const events = await sealedEvents(given, (type) => type === 'OrderShipped');
      const keys = await afterSteps(events, [8], true);
      const state = await orderHistoryProjection.load(events.slice(8), plainKeys, keys.read);
      const writes = orderHistoryProjection.project(events.slice(8), plainKeys, state);
      const rewritten = writes.filter(([name]) => name === 'LSET').map(([, list, index]) => [list, index]);
      expect(rewritten).to.deep.equal([4, 5].map((index) => [key.events(0), index]));
    });

    it('has read the entries of that order alone, and those of no order placed in the step', async () => {
      const sealed = await sealedEvents(given, () => true);
      const keys = new KeysInMemory();
      await step(orderHistoryProjection, keys, sealed.slice(0, 8));
      keys.reads.length = 0;
      await step(orderHistoryProjection, keys, sealed.slice(8));
      expect(keys.reads.filter(([name]) => name === 'LINDEX').map(([, list, index]) => [list, index])).to.deep.equal(
        [0, 1, 3, 4, 5, 6].map((index) => [key.events(0), index]),
      );
      const inOne = await afterSteps(sealed, [10], false);
      expect(inOne.reads.filter(([name]) => name === 'LINDEX')).to.deep.equal([]);
    });

    it('has rewritten the entries of earlier lists where they are', async () => {
      const many = [placed(), note('x'), ...Array.from({ length: 300 }, () => note('y', other)), note('z'), erased()];
      const withOther = [placed(), placed(other), ...many.slice(1)];
      const sealed = await sealedEvents(withOther, () => true);
      const keys = await afterSteps(sealed, [withOther.length - 1, 1], true);
      const texts = entriesOf(keys).map((entry) => (entry?.data as { text?: string } | undefined)?.text);
      expect([texts[2], texts[3], texts[302], texts[303]]).to.deep.equal([erasedText, 'y', 'y', erasedText]);
    });
  });

  it('ends a step before the erasure that would read more than 4 MiB of entries', async () => {
    const orders = [orderId, other, third];
    const erasures = (await projectedEvents([...orders.map(placed), ...orders.map(erased)])).slice(3);
    const limit = 4 * 1024 * 1024;
    for (const [bytes, position] of [
      [[limit, 1, 1], 5],
      [[limit - 1, 1, 1], 6],
      [[1, limit - 2, limit], undefined],
    ] as const) {
      const loading = orderHistoryProjection.load(erasures, plainKeys, readingLarge(bytes));
      const result = await loading.catch((error: unknown) => error);
      expect(result instanceof StepTooLarge ? result.position : undefined).to.equal(position);
      if (position === undefined) expect(result).to.have.property('erased');
    }
  });
});
