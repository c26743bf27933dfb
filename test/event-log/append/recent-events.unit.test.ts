import { expect } from 'chai';
import { RecentEvents } from '../../../src/event-log/append/recent-events.js';
import { eventLogLimits as limits } from '../../../src/event-log/limits.js';
import type { StoredEvent } from '../../../src/event-log/stored-event.js';

const at = '2026-01-01T00:00:00.000Z';

/** Events of a partition, from the first position to the last. */
function eventsAt(first: number, last: number, data = '{}', partition = 0): StoredEvent[] {
  return Array.from({ length: last - first + 1 }, (_, nth) => ({
    ...{ partition, position: first + nth, orderId: 'o', version: 1, type: 'T', data, metadata: '{}' },
    ...{ occurredAt: at, recordedAt: at, hash: Buffer.alloc(32) },
  }));
}

function kept(appended: RecentEvents, after: number, max = 1_000, partition = 0): number[] {
  return appended.after(partition, after, max).map(({ position }) => position);
}

describe('recent events', () => {
  it('recent events are returned in order, from any position among them, up to the requested number', () => {
    const appended = new RecentEvents(4);
    appended.add({ partition: 0, events: eventsAt(5, 7) });
    appended.add({ partition: 0, events: eventsAt(8, 9) });
    expect(appended.last(0)).to.equal(9);
    expect(kept(appended, 4, 2)).to.deep.equal([5, 6]);
    expect(kept(appended, 4)).to.deep.equal([5, 6, 7, 8, 9]);
    expect(kept(appended, 7)).to.deep.equal([8, 9]);
    expect(kept(appended, 9)).to.deep.equal([]);
    expect(kept(appended, 8), 'events up to the last position are forgotten').to.deep.equal([]);
    appended.add({ partition: 0, events: eventsAt(10, 10) });
    expect(kept(appended, 9)).to.deep.equal([10]);
  });

  it('recent events start after the gap that another process’s append leaves', () => {
    const appended = new RecentEvents(4);
    appended.add({ partition: 0, events: eventsAt(1, 3) });
    appended.add({ partition: 0, events: eventsAt(5, 6) });
    expect(kept(appended, 0)).to.deep.equal([]);
    expect(kept(appended, 3)).to.deep.equal([]);
    expect(kept(appended, 4)).to.deep.equal([5, 6]);
  });

  it('recent events of a partition can be forgotten without those of another', () => {
    const appended = new RecentEvents(4);
    appended.add({ partition: 0, events: eventsAt(1, 2) });
    appended.add({ partition: 1, events: eventsAt(1, 1, '{}', 1) });
    appended.forget(0);
    expect(kept(appended, 0)).to.deep.equal([]);
    expect(kept(appended, 0, 10, 1)).to.deep.equal([1]);
  });

  it('recent events of a partition stay within its share of memory, however far behind its projector is', () => {
    const appended = new RecentEvents(4);
    const data = 'x'.repeat(100_000);
    const most = Math.floor(limits.maxRecentEventBytes / 4 / data.length);
    appended.add({ partition: 1, events: eventsAt(1, 1, '{}', 1) });
    for (let position = 1; position <= 5 * most; position += 1) {
      appended.add({ partition: 0, events: eventsAt(position, position, data) });
    }
    const first = Array.from({ length: 5 * most }, (_, after) => after).find(
      (after) => kept(appended, after).length > 0,
    );
    expect(5 * most - (first ?? 0)).to.be.within(1, most);
    expect(kept(appended, 0, 10, 1)).to.deep.equal([1]);
  });

  it('a partition keeps recent events again after they were too large', () => {
    const appended = new RecentEvents(1);
    const data = 'x'.repeat(limits.maxRecentEventBytes);
    appended.add({ partition: 0, events: eventsAt(1, 1, data) });
    expect(kept(appended, 0), 'too large').to.deep.equal([]);
    appended.add({ partition: 0, events: eventsAt(2, 2) });
    expect(kept(appended, 1)).to.deep.equal([2]);
  });
});
