import { expect } from 'chai';
import { FailingWork } from '../../src/webhooks/failing-work.js';

describe('the failures of a deliverer', () => {
  function recorded() {
    const lines: string[] = [];
    const work = new FailingWork({ failed: () => lines.push('failed'), succeeded: () => lines.push('succeeded') });
    return { lines, work };
  }

  it('a failure is not over while a partition still fails, although rounds succeed with the others', () => {
    const { lines, work } = recorded();
    work.failed(0, new Error('away'));
    work.ended(1);
    work.roundSucceeded();
    work.failed(0, new Error('away'));
    expect(lines).to.deep.equal(['failed', 'failed']);
    work.ended(0);
    work.roundSucceeded();
    expect(lines.at(-1)).to.equal('succeeded');
  });

  it('a failure that is not repeated is over with the next round', () => {
    const { lines, work } = recorded();
    work.failedOnce(new Error('away'));
    work.roundSucceeded();
    expect(lines).to.deep.equal(['failed', 'succeeded']);
  });
});
