import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { Context } from 'koa';
import { createHeavyQueries } from '../../../src/http/middleware/heavy-queries.js';

describe('A heavy query', () => {
  const contextOf = (isAuthorized: () => boolean) =>
    ({
      state: { request: { owner: 'a', caller: { isAuthorized } } },
      req: { socket: new EventEmitter() },
      res: new EventEmitter(),
    }) as unknown as Context;

  it('does not run if the key of its caller is revoked while it waits for its turn', async () => {
    const run = createHeavyQueries();
    let isAuthorized = true;
    let finish: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const first = run(
      contextOf(() => true),
      8,
      () => running,
    );
    let hasRun = false;
    const second = run(
      contextOf(() => isAuthorized),
      8,
      async () => {
        hasRun = true;
      },
    ).catch((error: Error) => error);
    isAuthorized = false;
    finish();
    await first;
    expect(String(await second)).to.match(/expired, was revoked/);
    expect(hasRun).to.equal(false);
  });
});
