import { expect } from 'chai';
import { shareFor, shareNextRun } from '../../src/http/shared-calls.js';

describe('Shared calls', () => {
  it('callers share the next run, and never one that began before their call', async () => {
    let begun = 0;
    let finish: (() => void) | undefined;
    const share = shareNextRun(async () => {
      begun += 1;
      const nth = begun;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return nth;
    });
    const first = share();
    const others = [share(), share(), share()];
    finish?.();
    expect(await first).to.equal(1);
    await new Promise((resolve) => setImmediate(resolve));
    finish?.();
    expect(await Promise.all(others)).to.deep.equal([2, 2, 2]);
  });

  it('a run that fails does not fail the callers of the next one', async () => {
    let begun = 0;
    const share = shareNextRun(async () => {
      begun += 1;
      if (begun === 1) throw new Error('no');
      return begun;
    });
    const results = await Promise.allSettled([share(), share()]);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled']);
  });

  it('all calls within the time share one run', async () => {
    let runs = 0;
    const share = shareFor(60_000, async () => {
      runs += 1;
    });
    await Promise.all([share(), share()]);
    await share();
    expect(runs).to.equal(1);
  });
});
