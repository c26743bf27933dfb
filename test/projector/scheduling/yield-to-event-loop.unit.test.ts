import { expect } from 'chai';
import { createYieldToEventLoop } from '../../../src/projector/scheduling/yield-to-event-loop.js';

describe('turns of the event loop', () => {
  it('come one by one, in the order in which they were asked for, with what else has come in between them', async () => {
    const yieldToEventLoop = createYieldToEventLoop();
    const seen: string[] = [];
    const compute = async (name: string) => {
      for (let piece = 1; piece <= 2; piece += 1) {
        await yieldToEventLoop();
        seen.push(`${name}${piece}`);
        // Something that comes in while this computes: it is looked at before anybody computes on.
        setImmediate(() => seen.push('other'));
      }
    };
    await Promise.all([compute('a'), compute('b')]);
    expect(seen.filter((one) => one !== 'other')).to.deep.equal(['a1', 'b1', 'a2', 'b2']);
    expect(seen.slice(0, 6)).to.deep.equal(['a1', 'other', 'b1', 'other', 'a2', 'other']);
  });
});
