import { expect } from 'chai';
import { UnopenableEvent } from '../../../src/event-log/open-events.js';
import type { StoredEvent } from '../../../src/event-log/stored-event.js';
import { decodeEvents } from '../../../src/projector/steps/decode-events.js';

describe('decoding events for projections', () => {
  const note = (position: number): StoredEvent => ({
    ...{ partition: 0, position, orderId: '018f0000-0000-7000-8000-000000000001', version: position },
    ...{ type: 'OrderNoteAdded', data: JSON.stringify({ text: 'sealed' }), hash: Buffer.alloc(32) },
    metadata: JSON.stringify({ schema: 1, actor: 'a' }),
    occurredAt: '2026-01-01T00:00:00.000Z',
    recordedAt: '2026-01-01T00:00:00.000Z',
  });
  const opened = (event: StoredEvent): StoredEvent => ({ ...event, data: JSON.stringify({ text: 'opened' }) });

  it('an event that cannot be opened comes with its error, and the others are opened', async () => {
    const decoded = await decodeEvents([1, 2, 3, 4].map(note), async (events) => {
      if (events.some(({ position }) => position === 3)) throw new UnopenableEvent('no key');
      return events.map(opened);
    });
    const shown = decoded.map(({ event, error }) => (error ? String(error) : event?.event.data));
    const text = { text: 'opened' };
    expect(shown).to.deep.equal([text, text, 'UnopenableEvent: no key', text]);
  });

  it('fails as a whole if the keys cannot be read', async () => {
    const open = () => Promise.reject(new Error('the connection broke'));
    const error = await decodeEvents([note(1)], open).catch((one: unknown) => one);
    expect(String(error)).to.match(/the connection broke/);
  });
});
