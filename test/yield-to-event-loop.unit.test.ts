import { expect } from 'chai';
import { yieldToEventLoop } from '../src/yield-to-event-loop.js';

describe('yieldToEventLoop', () => {
  it('callers of yieldToEventLoop compute in the order of their calls, and other work comes in between', async () => {
    const seen: string[] = [];
    const compute = async (name: string) => {
      for (let piece = 1; piece <= 2; piece += 1) {
        await yieldToEventLoop();
        seen.push(`${name}${piece}`);
        // Work that arrives during this computation is handled before the next one.
        setImmediate(() => seen.push('other'));
      }
    };
    await Promise.all([compute('a'), compute('b')]);
    expect(seen.filter((one) => one !== 'other')).to.deep.equal(['a1', 'b1', 'a2', 'b2']);
    expect(seen.slice(0, 6)).to.deep.equal(['a1', 'other', 'b1', 'other', 'a2', 'other']);
  });
});
