import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { StoredEvent } from '../../../src/event-log/stored-event.js';
import { base36, fromBase36 } from '../../../src/read-models/encoding/base36.js';
import { packJson, unpackJson } from '../../../src/read-models/encoding/packed-json.js';
import {
  longId,
  shortId,
  shortIdLength,
  shortTime,
  shortTimeAndId,
} from '../../../src/read-models/encoding/short-id.js';
import {
  chunkOf,
  decodeHistoryEntry,
  decodePositions,
  encodeHistoryEntry,
  encodePositions,
} from '../../../src/read-models/order-history.js';

describe('compact forms in Redis', () => {
  it('short ids give back the id, and sort as ids do', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (one, other) => {
        expect(shortId(one)).to.have.length(shortIdLength);
        expect(longId(shortId(one))).to.equal(one);
        expect(shortId(one) < shortId(other)).to.equal(one < other);
      }),
    );
    const undashed = randomUUID().replaceAll('-', '0');
    for (const wrong of ['', 'nobody', randomUUID().toUpperCase().replace(/\d/g, 'A'), `${randomUUID()}0`, undashed]) {
      expect(() => shortId(wrong), wrong).to.throw('no lower-case UUID');
      expect(() => longId(wrong), wrong).to.throw('no short id');
    }
  });

  it('numbers to base 36 are what Number has of them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -3_000, max: 3_000 }), fc.double()), (number) => {
        expect(base36(number)).to.equal(number.toString(36));
      }),
    );
    for (const number of [0, 35, 36, 1_295, 1_296, 1_297, 36 ** 4 - 1, 36 ** 4]) {
      expect(base36(number)).to.equal(number.toString(36));
      expect(fromBase36(base36(number))).to.deep.equal(number);
    }
  });

  it('short times sort as times do', () => {
    const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 / 1_000 });
    fc.assert(
      fc.property(time, time, (one, other) => {
        expect(shortTime(one)).to.have.length(8);
        expect(shortTime(one) < shortTime(other)).to.equal(one < other);
      }),
    );
  });

  it('a short time and a short id in one are what they are by themselves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), fc.uuid(), (time, id) => {
        expect(shortTimeAndId(time, id)).to.equal(shortTime(time) + shortId(id));
      }),
    );
  });

  it('packed JSON text gives back the very same text', () => {
    const known = {
      user_id: 'u',
      currency: 'USD',
      total_minor: 1,
      items: [{ item_id: 'a', quantity: 1 }],
      metadata: {},
    };
    expect(unpackJson(packJson(JSON.stringify(known)))).to.equal(JSON.stringify(known));
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(unpackJson(packJson(json))).to.equal(json);
      }),
    );
  });

  it('a history entry gives back what the event says, whatever is in it', () => {
    const text = fc.string({ unit: 'binary' });
    // What is nearly a UUID must not be taken for one: its 36 characters would not come back.
    const nearlyUuid = fc.uuid().map((id) => id.replace(/-/g, (_, at) => (at % 2 === 0 ? '-' : 'a')));
    const optional = fc.option(
      fc.oneof(
        text,
        fc.uuid(),
        nearlyUuid,
        fc.uuid().map((id) => id.toUpperCase()),
      ),
      {
        nil: undefined,
      },
    );
    const metadata = fc.record({
      ...{ schema: fc.integer({ min: 1, max: 9 }), actor: text },
      ...{ request_id: optional, correlation_id: optional, causation_id: optional, idempotency_key: optional },
      ...{ command_hash: fc.constant('ab12'), person: optional },
    });
    fc.assert(
      fc.property(
        metadata,
        fc.dictionary(text, fc.jsonValue()),
        fc.integer({ min: 1, max: 100_000 }),
        (given, data, at) => {
          const stored: StoredEvent = {
            ...{ partition: 1, position: at, orderId: randomUUID(), version: 7, type: 'OrderNoteAdded' },
            ...{ data: JSON.stringify(data), metadata: JSON.stringify(given) },
            ...{
              occurredAt: '2024-02-29T23:59:59.999Z',
              recordedAt: '2026-01-01T00:00:00.000Z',
              hash: Buffer.alloc(32, 7),
            },
          };
          const { command_hash: _, ...kept } = JSON.parse(stored.metadata);
          const entry = decodeHistoryEntry(chunkOf(at).chunk, encodeHistoryEntry(stored, at));
          expect(entry).to.deep.equal({
            ...{ orderId: stored.orderId, firstPosition: at, position: at, version: 7, type: stored.type },
            ...{ data: JSON.parse(stored.data), metadata: kept, hash: stored.hash.toString('hex') },
            ...{ occurred_at: stored.occurredAt, recorded_at: stored.recordedAt },
          });
        },
      ),
    );
  });

  it('positions are told by how far they are from the first', () => {
    const text = encodePositions(encodePositions(undefined, [70, 71, 300]), [1_000_000]);
    expect(text).to.equal('1y 1 6e lfju');
    expect(decodePositions(text)).to.deep.equal([70, 71, 300, 1_000_000]);
  });
});
