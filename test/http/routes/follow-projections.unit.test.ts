import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { StreamMessage } from '../../../src/http/response/event-writer.js';
import { followProjections } from '../../../src/http/routes/follow-projections.js';
import { eventually, silent } from '../../support/servers.js';

describe('The stream of projections', () => {
  /** A reader who leaves once `leave` is called. */
  function newReader() {
    const left = new AbortController();
    const received: (string | Buffer | undefined)[] = [];
    const send = ({ data }: StreamMessage) => void received.push(data);
    return { received, leave: () => left.abort(), stream: { send, closed: left.signal } };
  }

  it('readers get the state when it changes, and a reader who joins them begins with it', async () => {
    let state = 'one';
    const follow = followProjections(async () => state, silent);
    const [first, second] = [newReader(), newReader()];
    follow(first.stream);
    await eventually('the state', () => first.received.length === 1);
    follow(second.stream);
    expect(second.received).to.deep.equal(['one']);
    state = 'two';
    await eventually('the change', () => second.received.length === 2);
    for (const { received, leave } of [first, second]) {
      expect(received).to.deep.equal(['one', 'two']);
      leave();
    }
  });

  it('a reader never begins with a state that was read for readers who have left', async () => {
    const readings: ((state: string) => void)[] = [];
    const follow = followProjections(() => new Promise((resolve) => readings.push(resolve)), silent);
    const [early, late] = [newReader(), newReader()];
    follow(early.stream);
    early.leave();
    readings[0]?.('old');
    await setImmediate();
    follow(late.stream);
    await eventually('another reading', () => readings.length === 2);
    readings[1]?.('new');
    await eventually('a state', () => late.received.length > 0);
    late.leave();
    expect([early.received, late.received]).to.deep.equal([[], ['new']]);
  });

  it('a failed reading is no change, and the next one counts', async () => {
    const states = [Promise.reject(new Error('Redis is away')), Promise.resolve('one')];
    const follow = followProjections(() => states.shift() ?? Promise.resolve('one'), silent);
    const reader = newReader();
    follow(reader.stream);
    await eventually('the state', () => reader.received.length > 0);
    reader.leave();
    expect(reader.received).to.deep.equal(['one']);
  });
});
