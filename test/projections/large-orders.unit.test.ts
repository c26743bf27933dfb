import { expect } from 'chai';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import type { OrderEventType } from '../../src/orders/events.js';
import { currentSchema } from '../../src/orders/upcast.js';
import { orderStatusProjection } from '../../src/projections/order-status.js';
import type { ProjectedEvent, ReadKeys } from '../../src/projections/projection.js';
import { decodeEvents } from '../../src/projector/steps/decode-events.js';
import { decodeOrder } from '../../src/read-models/encoding/encoded-order.js';
import type { PartitionKeys } from '../../src/read-models/keys.js';
import { orderStatusKeys } from '../../src/read-models/order-status.js';
import { orderId } from '../support/given.js';

const key: PartitionKeys = (...names) => names.join(':');
const [, headField] = orderStatusKeys(key).order(orderId);
const [, detailsField] = orderStatusKeys(key).details(orderId);

type Given = readonly [type: string, data: object];
const items = (lines: number) =>
  Array.from({ length: lines }, (_, nth) => ({ item_id: `item-${nth}`, quantity: 2, unit_price_minor: 1 }));
const placed = (lines: number): Given => [
  'OrderPlaced',
  { user_id: 'u', currency: 'USD', total_minor: 2 * lines, items: items(lines), metadata: { a: 'b' } },
];
const units = [{ line_id: '7', item_id: 'item-6', quantity: 1 }];
const note: Given = ['OrderNoteAdded', { text: 'n' }];

async function eventsOf(given: readonly Given[], from = 0): Promise<ProjectedEvent[]> {
  const all = given.map(([type, data], index): StoredEvent => {
    const [version, at] = [from + index + 1, `2026-01-01T00:00:0${from + index}.000Z`];
    return {
      ...{ partition: 0, position: version, orderId, version, type, data: JSON.stringify(data) },
      ...{
        metadata: JSON.stringify({ schema: currentSchema(type as OrderEventType), actor: 'a' }),
        occurredAt: at,
        recordedAt: at,
        hash: Buffer.alloc(32),
      },
    };
  });
  return (await decodeEvents(all, async (events) => [...events])).flatMap(({ event }) => event ?? []);
}

/** The hash of orders, with the fields that were read. */
class FakeHash {
  readonly fields = new Map<string, string>();
  readFields: string[] = [];
  /** Characters of the values that were written. */
  written = 0;

  readonly read = Object.assign(async () => [], {
    fields: async (entries: readonly (readonly [string, string])[]) => {
      this.readFields.push(...entries.map(([, field]) => field));
      return entries.map(([, field]) => this.fields.get(field) ?? null);
    },
  }) as ReadKeys;

  /** Applies a step whose events begin after `from`. */
  async step(given: readonly Given[], from: number): Promise<void> {
    const events = await eventsOf(given, from);
    const state = await orderStatusProjection.load(events, key, this.read);
    for (const [command, , ...words] of orderStatusProjection.project(events, key, state)) {
      if (command === 'HDEL') this.fields.delete(String(words[0]));
      if (command !== 'HSET') continue;
      for (let at = 0; at < words.length; at += 2) {
        this.written += String(words[at + 1]).length;
        this.fields.set(String(words[at]), String(words[at + 1]));
      }
    }
  }

  get order() {
    return decodeOrder(orderId, this.fields.get(headField) ?? '', this.fields.get(detailsField));
  }
}

describe('order-status of a large order', () => {
  it('an event that leaves the lines alone reads and writes the head only', async () => {
    const hash = new FakeHash();
    await hash.step([placed(5_000)], 0);
    const details = hash.fields.get(detailsField);
    const others: Given[] = [
      note,
      ['OrderPaid', { amount_minor: 5, payment_reference: null }],
      ['OrderProcessingStarted', {}],
      ['OrderRefunded', { amount_minor: 1, credited_minor: 1, reason: 'r' }],
      ['OrderCredited', { amount_minor: 1, reason: 'r' }],
      ['OrderHeld', { reason: 'r' }],
      ['OrderReleased', { reason: 'r' }],
    ];
    for (const [index, one] of others.entries()) {
      hash.written = 0;
      await hash.step([one], index + 1);
      expect(hash.written, one[0]).to.be.within(1, 300);
    }
    expect(new Set(hash.readFields)).to.deep.equal(new Set([headField]));
    expect(hash.fields.get(detailsField)).to.equal(details);
    expect(hash.order).to.deep.include({ version: 8, paidMinor: 5, creditedMinor: 2, metadata: { a: 'b' } });
    expect(hash.order.items).to.have.length(5_000);
  });

  it('a small order has one entry only, and one that becomes small loses its second', async () => {
    const hash = new FakeHash();
    await hash.step([placed(50)], 0);
    expect([...hash.fields.keys()]).to.deep.equal([headField]);
    await hash.step([['OrderAmended', { total_minor: 1, items: items(300), reason: null }]], 1);
    expect([...hash.fields.keys()]).to.deep.equal([headField, detailsField]);
    await hash.step([['OrderAmended', { total_minor: 1, items: items(2), reason: null }]], 2);
    expect([...hash.fields.keys()]).to.deep.equal([headField]);
  });

  it('its first entry stays below 30 kB, whatever texts and units its client chooses', async () => {
    const long = (nth: number) => `${nth}`.padEnd(200, 'ä');
    const lines = (count: number) =>
      Array.from({ length: count }, (_, nth) => ({
        item_id: 'a',
        quantity: 9,
        unit_price_minor: 1,
        line_id: long(nth),
      }));
    const shipments = Array.from(
      { length: 40 },
      (_, nth): Given => [
        'OrderShipped',
        {
          items: [{ item_id: 'a', line_id: long(nth % 3), quantity: 1 }],
          ...{ carrier: long(1), tracking_number: long(2), shipment_id: String(nth + 1) },
        },
      ],
    );
    const data = { user_id: 'u', currency: 'USD', total_minor: 0, metadata: {} };
    const inTransit = (line: object) => ({ ...line, in_transit: 1 });
    const goneLines: Given[] = [
      ['OrderPlaced', { ...data, items: lines(30).map((line) => ({ ...line, quantity: 1 })) }],
      ...Array.from({ length: 30 }, (_, nth): Given[] => {
        const items = [{ item_id: 'a', line_id: long(nth), quantity: 1 }];
        return [
          ['OrderShipped', { items, carrier: null, tracking_number: null, shipment_id: String(nth + 1) }],
          ['OrderReturned', { items: items.map(inTransit), shipment_id: String(nth + 1), reason: 'r' }],
        ];
      }).flat(),
      ['OrderAmended', { total_minor: 0, items: [{ item_id: 'b', quantity: 1, unit_price_minor: 1 }], reason: null }],
    ];
    const whole = lines(3).map((line) => ({ ...line, item_id: long(9) }));
    const shippedOften = Array.from({ length: 30 }, (_, nth): Given[] => {
      const items = whole.map((line) => ({ ...line, quantity: 1 }));
      return [
        ['OrderShipped', { items, carrier: null, tracking_number: null, shipment_id: String(nth + 1) }],
        ['OrderReturned', { items: items.map(inTransit), shipment_id: String(nth + 1), reason: 'r' }],
      ];
    }).flat();
    /** An order whose lines have other items under the same ids after all units came back. */
    const replacedLines: Given[] = [
      ['OrderPlaced', { ...data, items: whole.map((line) => ({ ...line, quantity: 90 })) }],
      ...shippedOften,
      ['OrderAmended', { total_minor: 0, items: lines(3), reason: null }],
    ];
    const lives: Given[][] = [
      [['OrderPlaced', { ...data, items: lines(150) }]],
      [['OrderPlaced', { ...data, items: lines(3).map((line) => ({ ...line, quantity: 90 })) }], ...shipments],
      goneLines,
      replacedLines,
    ];
    for (const life of lives) {
      const hash = new FakeHash();
      await hash.step(life, 0);
      expect(Buffer.byteLength(hash.fields.get(headField) ?? '')).to.be.within(1, 30_000);
      expect(hash.order.version).to.equal(life.length);
      expect(hash.fields.has(detailsField)).to.equal(true);
    }
  });

  it('its entries are the same however its events are divided into steps', async () => {
    const life: Given[] = [
      placed(200),
      note,
      ['OrderPaid', { amount_minor: 5, payment_reference: 'p' }],
      [
        'OrderShipped',
        { items: [{ ...units[0], quantity: 2 }], carrier: 'c', tracking_number: null, shipment_id: '1' },
      ],
      ['OrderHeld', { reason: 'r' }],
      ['OrderDelivered', { items: units, shipment_id: null }],
      ['OrderRefunded', { amount_minor: 1, credited_minor: 1, reason: 'r' }],
      ['OrderAmended', { reference: '#1', reason: null }],
      note,
    ];
    const whole = new FakeHash();
    await whole.step(life, 0);
    expect(whole.fields.size).to.equal(2);
    for (let cuts = 0; cuts < 2 ** (life.length - 1); cuts += 1) {
      const divided = new FakeHash();
      let from = 0;
      for (let at = 1; at <= life.length; at += 1) {
        const isCut = at === life.length || (cuts & (1 << (at - 1))) > 0;
        if (!isCut) continue;
        await divided.step(life.slice(from, at), from);
        from = at;
      }
      expect(Object.fromEntries(divided.fields), cuts.toString(2)).to.deep.equal(Object.fromEntries(whole.fields));
    }
  });

  it('is not shown with the details of another version', async () => {
    const hash = new FakeHash();
    await hash.step([placed(200)], 0);
    const details = hash.fields.get(detailsField);
    await hash.step([['OrderAmended', { total_minor: 1, items: items(300), reason: null }]], 1);
    const head = hash.fields.get(headField) ?? '';
    expect(() => decodeOrder(orderId, head, details)).to.throw('its details are of version 1, not 2');
    expect(() => decodeOrder(orderId, head, null)).to.throw('its details are missing');
  });
});
