import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import {
  chunkOf,
  decodeHistoryEntry,
  decodePositions,
  encodeHistoryEntry,
  encodePositions,
} from '../../src/read-models/order-history.js';

describe('encoding of the order history', () => {
  it('a history entry decodes to its event, whatever the event contains', () => {
    const text = fc.string({ unit: 'binary' });
    // A text like a UUID must not be encoded as one: its 36 characters would not come back.
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

  it('later positions of an order are encoded as distances from the first', () => {
    const text = encodePositions(encodePositions(undefined, [70, 71, 300]), [1_000_000]);
    expect(text).to.equal('1y 1 6e lfju');
    expect(decodePositions(text)).to.deep.equal([70, 71, 300, 1_000_000]);
  });
});
