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

  it('a closing that fails or hangs keeps no other from running, and is reported', async () => {
    const cleanup = new CleanupStack(0);
    const closed: string[] = [];
    const errors: string[] = [];
    cleanup.defer(() => closed.push('first'));
    cleanup.defer(() => new Promise(() => undefined));
    cleanup.defer(() => {
      throw new Error('cannot be closed');
    });
    cleanup.defer(() => Promise.reject(new Error('is away')));
    await cleanup.run((error) => errors.push((error as Error).message));
    expect(closed).to.deep.equal(['first']);
    expect(errors).to.deep.equal(['is away', 'cannot be closed', 'no answer within 250 ms']);
  });
});
