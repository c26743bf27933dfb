import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { Context } from 'koa';
import { Overloaded } from '../../../src/event-log/overloaded.js';
import { httpLimits } from '../../../src/http/limits.js';
import { admitParts, createLogQueries, queryWeights } from '../../../src/http/middleware/heavy-queries.js';

describe('admitParts', () => {
  /** A request of a caller of its own. */
  function request(owner: string): Context {
    return {
      state: { request: { owner, caller: { isAuthorized: () => true } } },
      req: { socket: new EventEmitter() },
      res: new EventEmitter(),
    } as unknown as Context;
  }

  async function* threeParts(log: string[]) {
    try {
      for (const part of ['a', 'b', 'c']) {
        log.push(part);
        yield part;
      }
    } finally {
      log.push('closed');
    }
  }

  /** Fills all places. @returns a function that makes them free again. */
  function fill(run: ReturnType<typeof createLogQueries>): () => void {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (let weight = 0; weight < httpLimits.maxLogQueryWeight; weight += queryWeights.page)
      void run(request('other'), queryWeights.page, () => released);
    return release;
  }

  it('makes each part only when it has a place, and keeps none between two parts', async () => {
    const run = createLogQueries();
    const made: string[] = [];
    const parts = admitParts(request('a'), queryWeights.page, run, threeParts(made));
    expect((await parts.next()).value).to.equal('a');
    const release = fill(run);
    const second = parts.next();
    await new Promise(setImmediate);
    expect(made).to.deep.equal(['a']);
    release();
    expect((await second).value).to.equal('b');
    expect([(await parts.next()).value, (await parts.next()).done]).to.deep.equal(['c', true]);
    expect(made).to.deep.equal(['a', 'b', 'c', 'closed']);
  });

  it('a client that leaves gives up the place of its next part at once, and the part is not made', async () => {
    const run = createLogQueries();
    const made: string[] = [];
    const ctx = request('a');
    const parts = admitParts(ctx, queryWeights.page, run, threeParts(made));
    await parts.next();
    const release = fill(run);
    const second = parts.next().catch((error: Error) => error);
    ctx.res.emit('close');
    // The places are still taken: nothing but the client's leaving ends the wait.
    expect(String(await second)).to.include('connection closed');
    expect(made).to.deep.equal(['a', 'closed']);
    release();
  });

  it('rejects the first part if too many wait, and lets the rest of a begun response wait', async () => {
    const run = createLogQueries();
    const made: string[] = [];
    const others: string[] = [];
    const begun = admitParts(request('a'), queryWeights.page, run, threeParts(made));
    await begun.next();
    const release = fill(run);
    const waiting = Array.from({ length: httpLimits.maxQueuedLogQueries }, () =>
      run(request('other'), queryWeights.page, async () => undefined),
    );
    const refused = await admitParts(request('b'), queryWeights.page, run, threeParts(others))
      .next()
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Overloaded);
    const second = begun.next();
    release();
    await Promise.all(waiting);
    expect((await second).value).to.equal('b');
    expect(others).to.deep.equal([]);
  });

  it('closes the parts of a response that nobody reads any more', async () => {
    const made: string[] = [];
    const parts = admitParts(request('a'), queryWeights.page, createLogQueries(), threeParts(made), true);
    await parts.next();
    await parts.return(undefined);
    expect(made).to.deep.equal(['a', 'closed']);
  });
});
