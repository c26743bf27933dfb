import { expect } from 'chai';
import { connectionAccepted, TimeSlice, yieldToEventLoop } from '../src/yield-to-event-loop.js';
import { countTurns } from './support/count-turns.js';

describe('yieldToEventLoop', () => {
  /** Computes for so long that no other computation may follow in the same turn. */
  function computeForOneTurn(): void {
    const slice = new TimeSlice();
    while (!slice.isOver);
  }

  it('long computations run in the order of their calls, and other work comes in between', async () => {
    const seen: string[] = [];
    const compute = async (name: string) => {
      for (let piece = 1; piece <= 2; piece += 1) {
        await yieldToEventLoop();
        computeForOneTurn();
        seen.push(`${name}${piece}`);
        // Work that arrives during this computation is handled before the next one.
        setImmediate(() => seen.push('other'));
      }
    };
    await Promise.all([compute('a'), compute('b')]);
    expect(seen.filter((one) => one !== 'other')).to.deep.equal(['a1', 'b1', 'a2', 'b2']);
    expect(seen.slice(0, 6)).to.deep.equal(['a1', 'other', 'b1', 'other', 'a2', 'other']);
  });

  it('a computation counts with all of its steps that wait for nothing', async () => {
    const seen: string[] = [];
    const compute = async (name: string) => {
      await yieldToEventLoop();
      for (let step = 0; step < 20; step += 1) await Promise.resolve();
      computeForOneTurn();
      seen.push(name);
      setImmediate(() => seen.push('other'));
    };
    await Promise.all([compute('a'), compute('b')]);
    expect(seen).to.deep.equal(['a', 'other', 'b']);
  });

  it('a hundred short computations do not take a hundred turns', async () => {
    const turns = countTurns();
    await Promise.all(Array.from({ length: 100 }, () => yieldToEventLoop()));
    turns.stop();
    expect(turns.now()).to.be.below(50);
  });

  it('a computation that yields waits for another turn, although the time of this one is not used up', async () => {
    const seen: string[] = [];
    await yieldToEventLoop();
    setImmediate(() => seen.push('other'));
    await yieldToEventLoop();
    seen.push('again');
    expect(seen).to.deep.equal(['other', 'again']);
  });

  /** Accepts one connection per turn, as a server does, and resolves after the last one. */
  async function acceptConnections(count: number): Promise<void> {
    for (let nth = 0; nth < count; nth += 1) {
      connectionAccepted();
      await new Promise(setImmediate);
    }
  }

  it('while connections arrive, the next computation waits for them', async () => {
    await yieldToEventLoop();
    const seen: string[] = [];
    await Promise.all([
      acceptConnections(10).then(() => seen.push('all accepted')),
      yieldToEventLoop().then(() => seen.push('computes')),
    ]);
    expect(seen).to.deep.equal(['all accepted', 'computes']);
  });

  it('a computation is not kept waiting by connections that never end', async () => {
    let isComputing = false;
    const connections = (async () => {
      while (!isComputing) await acceptConnections(1);
    })();
    for (let piece = 0; piece < 3; piece += 1) await yieldToEventLoop();
    isComputing = true;
    await connections;
  });
});
