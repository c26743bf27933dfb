import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { coalesce } from '../../src/event-log/coalesce.js';

describe('what is gathered', () => {
  /** How often the task has run after each of some turns; in those that are named it is asked for, twice. */
  async function runs(turns: number, askedIn: readonly number[], isEnough = () => false, maxMs = 60_000) {
    let count = 0;
    const ask = coalesce(
      () => {
        count += 1;
      },
      isEnough,
      maxMs,
    );
    const counts: number[] = [];
    for (let nth = 0; nth < turns; nth += 1) {
      if (askedIn.includes(nth)) {
        ask();
        ask();
      }
      await turn();
      counts.push(count);
    }
    return counts;
  }

  it('goes once a turn of the event loop has brought no more', async () => {
    expect(await runs(6, [0])).to.deep.equal([0, 1, 1, 1, 1, 1]);
    expect(await runs(6, [0, 1, 2])).to.deep.equal([0, 0, 0, 1, 1, 1]);
    expect(await runs(6, [0, 3])).to.deep.equal([0, 1, 1, 1, 2, 2]);
  });

  it('goes when it is enough', async () => {
    let nth = 0;
    const enoughInThird = () => {
      nth += 1;
      return nth === 3;
    };
    expect(await runs(5, [0, 1, 2, 3], enoughInThird)).to.deep.equal([0, 0, 1, 1, 2]);
  });

  it('goes when the time is over', async () => {
    expect(await runs(3, [0, 1, 2], undefined, 0)).to.deep.equal([1, 2, 3]);
  });
});
