import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { coalesce } from '../../src/event-log/coalesce.js';

describe('coalesce', () => {
  /**
   * Calls twice in each of the turns `callsIn`. Returns how often the task has run after each turn.
   */
  async function runs(turns: number, callsIn: readonly number[], isEnough = () => false, maxMs = 60_000) {
    let count = 0;
    const call = coalesce(
      () => {
        count += 1;
      },
      isEnough,
      maxMs,
    );
    const counts: number[] = [];
    for (let nth = 0; nth < turns; nth += 1) {
      if (callsIn.includes(nth)) {
        call();
        call();
      }
      await turn();
      counts.push(count);
    }
    return counts;
  }

  it('the task runs once after a turn of the event loop without a call', async () => {
    expect(await runs(6, [0])).to.deep.equal([0, 1, 1, 1, 1, 1]);
    expect(await runs(6, [0, 1, 2])).to.deep.equal([0, 0, 0, 1, 1, 1]);
    expect(await runs(6, [0, 3])).to.deep.equal([0, 1, 1, 1, 2, 2]);
  });

  it('the task runs at the end of a turn that has brought enough', async () => {
    let nth = 0;
    const enoughInThird = () => {
      nth += 1;
      return nth === 3;
    };
    expect(await runs(5, [0, 1, 2, 3], enoughInThird)).to.deep.equal([0, 0, 1, 1, 2]);
  });

  it('the task runs when the time is over, though calls continue', async () => {
    expect(await runs(3, [0, 1, 2], undefined, 0)).to.deep.equal([1, 2, 3]);
  });
});
