import { expect } from 'chai';
import { type OpenEvents, openEach, UnopenableEvent } from '../../src/event-log/open-events.js';
import type { StoredEvent } from '../../src/event-log/stored-event.js';

describe('Opening events of which some cannot be opened', () => {
  const events = Array.from({ length: 1_000 }, (_, nth) => ({ position: nth + 1 }) as StoredEvent);
  let calls = 0;
  beforeEach(() => {
    calls = 0;
  });
  const failingAt =
    (...positions: number[]): OpenEvents =>
    async (some) => {
      calls += 1;
      const bad = some.find(({ position }) => positions.includes(position));
      if (bad) throw new UnopenableEvent(`event ${bad.position}`);
      return some.map((event) => ({ ...event, data: 'opened' }));
    };

  it('opens all others, and has the error of each in its place', async () => {
    const opened = await openEach(failingAt(1, 500, 1_000), events);
    expect(opened).to.have.length(1_000);
    for (const [nth, one] of opened.entries()) {
      if ([0, 499, 999].includes(nth)) expect((one as UnopenableEvent).message).to.equal(`event ${nth + 1}`);
      else expect(one).to.deep.equal({ position: nth + 1, data: 'opened' });
    }
  });

  it('takes a few calls for each that fails, however many others there are', async () => {
    await openEach(failingAt(), events);
    expect(calls).to.equal(1);
    calls = 0;
    await openEach(failingAt(700), events);
    expect(calls).to.be.at.most(21);
  });

  it('rejects with an error of the keys, and does not try again', async () => {
    const open: OpenEvents = async () => {
      calls += 1;
      throw new Error('PostgreSQL is away');
    };
    expect(await openEach(open, events).catch((error: Error) => error.message)).to.equal('PostgreSQL is away');
    expect(calls).to.equal(1);
  });
});
