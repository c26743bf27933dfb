import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import { type Given, KeysInMemory, plainKeys, projectedEvents, step } from '../support/projected-steps.js';

const other = '018f0000-0000-7000-8000-000000000002';
const units = (quantity: number) => [{ line_id: '1', item_id: 'a', quantity }];
const placed = (currency: string, order?: string): Given => [
  'OrderPlaced',
  {
    ...{ user_id: 'u', currency, total_minor: 30, metadata: { a: 'b' }, reference: '#1' },
    items: [{ item_id: 'a', quantity: 3, unit_price_minor: 10 }],
  },
  order,
];
const shipped = (shipment: string, tracking: string | null, quantity: number): Given => [
  'OrderShipped',
  { items: units(quantity), carrier: 'c', tracking_number: tracking, shipment_id: shipment },
];

/** Events of two orders, with each kind of text, amount, and unit. */
const log: Given[] = [
  placed('USD'),
  ['OrderPaid', { amount_minor: 30, payment_reference: 'p-1' }],
  placed('EUR', other),
  shipped('1', 't-1', 1),
  ['OrderHeld', { reason: 'r' }],
  ['OrderAmended', { reference: '#2', reason: null }],
  ['OrderShipmentTracked', { shipment_id: '1', carrier: null, tracking_number: 't-2' }],
  ['OrderCancelled', { items: null, amount_minor: 30, reason: 'r' }, other],
  shipped('2', 't-3', 2),
  ['OrderReleased', { reason: 'r' }],
  ['OrderDelivered', { items: null, shipment_id: null }],
  ['OrderRefunded', { amount_minor: 10, credited_minor: 5, reason: 'r' }],
  ['OrderNoteAdded', { text: 'n' }, other],
  ['OrderPersonErased', {}],
  ['OrderPaid', { amount_minor: 5, payment_reference: 'p-2' }],
];

describe('the steps of a projection', () => {
  for (const projection of allProjections) {
    /** The contents after steps of these sizes. */
    const contentsAfter = async (sizes: readonly number[], keepsState: boolean) => {
      const events = await projectedEvents(log);
      const keys = new KeysInMemory();
      let last: unknown;
      let from = 0;
      for (const size of sizes) {
        const state = await step(projection, keys, events.slice(from, from + size), keepsState ? last : undefined);
        last = state;
        from += size;
      }
      return keys.contents();
    };

    it(`lead to the same entries of ${projection.name}, however the events are divided into them`, async () => {
      const whole = await contentsAfter([log.length], false);
      for (const keepsState of [true, false]) {
        for (const sizes of [
          log.map(() => 1),
          ...log.slice(1).map((_, index) => [index + 1, log.length - index - 1]),
          [3, 4, 2, 6],
        ]) {
          const contents = await contentsAfter(sizes, keepsState);
          expect(contents, `${sizes}, ${keepsState}`).to.deep.equal(whole);
        }
      }
    });

    it(`write nothing to ${projection.name} for no events`, async () => {
      const state = await projection.load([], plainKeys, new KeysInMemory().read);
      expect(projection.project([], plainKeys, state)).to.deep.equal([]);
    });

    it(`read nothing again of ${projection.name} that the step before knew`, async () => {
      const [first, second] = await projectedEvents(log);
      if (!first || !second) throw new Error('no events');
      const keys = new KeysInMemory();
      const last = await step(projection, keys, [first]);
      keys.reads.length = 0;
      await step(projection, keys, [second], last);
      expect(keys.reads).to.deep.equal([]);
    });
  }
});
