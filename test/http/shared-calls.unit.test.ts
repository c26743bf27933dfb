import { expect } from 'chai';
import { shareByKey, shareFor } from '../../src/http/shared-calls.js';

describe('Shared calls', () => {
  it('all calls within the time share one run', async () => {
    let runs = 0;
    const share = shareFor(60_000, async () => {
      runs += 1;
    });
    await Promise.all([share(), share()]);
    await share();
    expect(runs).to.equal(1);
  });

  describe('by key', () => {
    /** A task whose runs end one by one. */
    function endable() {
      const ends: (() => void)[] = [];
      const task = () => {
        const nth = ends.length + 1;
        return new Promise<number>((resolve) => ends.push(() => resolve(nth)));
      };
      return { ends, task };
    }
    const turn = () => new Promise((resolve) => setImmediate(resolve));

    it('all callers of one turn share a run that begins after their calls', async () => {
      const share = shareByKey<number>();
      const { ends, task } = endable();
      const calls = [share('a', task), share('a', task), share('a', task)];
      expect(ends, 'no run has begun').to.have.length(0);
      await turn();
      await turn();
      expect(ends).to.have.length(1);
      ends[0]?.();
      expect(await Promise.all(calls)).to.deep.equal([1, 1, 1]);
    });

    it('a caller never joins a run that began before its call, and joins the next one', async () => {
      const share = shareByKey<number>();
      const { ends, task } = endable();
      const first = share('a', task);
      await turn();
      await turn();
      const later = [share('a', task), share('a', task)];
      await turn();
      expect(ends, 'one run at a time').to.have.length(1);
      ends[0]?.();
      expect(await first).to.equal(1);
      await turn();
      ends[1]?.();
      expect(await Promise.all(later)).to.deep.equal([2, 2]);
    });

    it('keys share nothing, and a run that fails does not fail the next one', async () => {
      const share = shareByKey<number>();
      const failing = async () => {
        throw new Error('no');
      };
      const failed = share('a', failing).catch(String);
      const other = share('b', async () => 2);
      await turn();
      const next = share('a', async () => 3);
      expect(await Promise.all([failed, other, next])).to.deep.equal(['Error: no', 2, 3]);
    });
  });
});
