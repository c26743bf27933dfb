import { expect } from 'chai';
import { CleanupStack } from '../../src/service/cleanup-stack.js';

describe('CleanupStack', () => {
  it('a cleanup closes what was opened in the opposite order, one after the other, and only once', async () => {
    const cleanup = new CleanupStack();
    const closed: string[] = [];
    cleanup.defer(() => closed.push('pool'));
    cleanup.defer(async () => {
      await Promise.resolve();
      closed.push('server');
    });
    await cleanup.run();
    await cleanup.run();
    expect(closed).to.deep.equal(['server', 'pool']);
  });
});
