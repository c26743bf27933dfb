import { expect } from 'chai';
import { batchLimits as limits } from '../../../src/http/batch/limits.js';
import { ResultSpool, SpoolSpace } from '../../../src/http/batch/result-spool.js';

describe('ResultSpool', () => {
  const result = (nth: number) => `${nth} ${'x'.repeat(100_000)}\n`;
  async function read(spool: ResultSpool): Promise<string> {
    const pieces: Buffer[] = [];
    for await (const piece of spool) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  it('results come out in order, from memory and from the file, whenever they are read', async () => {
    for (const readWhen of ['after', 'meanwhile']) {
      const spool = new ResultSpool(new SpoolSpace(), 'a');
      const results = Array.from({ length: 60 }, (_, nth) => result(nth));
      const reading = readWhen === 'meanwhile' ? read(spool) : undefined;
      for (const [nth, text] of results.entries()) {
        await spool.push(text);
        // A reader that keeps up empties the file, and later results are in memory again.
        if (nth % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
      }
      spool.end();
      expect(await (reading ?? read(spool)), readWhen).to.equal(results.join(''));
    }
  });

  it('a spool is full at its limit of bytes, and gives the space back when it is read or given up', async () => {
    const space = new SpoolSpace();
    const spool = new ResultSpool(space, 'a');
    let pushed = 0;
    for (; !spool.isFull; pushed += 1) await spool.push('x'.repeat(1024 * 1024));
    expect(pushed * 1024 * 1024).to.be.within(limits.maxUnreadSpoolBytes, limits.maxUnreadSpoolBytes + 2 * 1024 * 1024);
    expect(space.used).to.equal(pushed * 1024 * 1024);
    const reader = spool[Symbol.asyncIterator]();
    await reader.next();
    await reader.return(undefined);
    expect(space.used).to.equal(0);
    await spool.push('nobody reads this');
    expect(space.used).to.equal(0);
  });

  it('a spool that is closed before anybody has read gives the space back, and its reading ends', async () => {
    const space = new SpoolSpace();
    const spool = new ResultSpool(space, 'a');
    for (let nth = 0; nth < 10; nth += 1) await spool.push(result(nth));
    expect(space.used).to.be.above(0);
    const writing = spool.push(result(10));
    await Promise.all([spool.close(), writing]);
    expect(space.used).to.equal(0);
    expect(await read(spool)).to.equal('');
  });

  it('a batch may have more results than the limit, if its client reads them, and holds no more than unread ones', async () => {
    const space = new SpoolSpace();
    const spool = new ResultSpool(space, 'a');
    const piece = 'x'.repeat(1024 * 1024);
    const reader = spool[Symbol.asyncIterator]();
    const unreadPieces = 20;
    let read = 0;
    let most = 0;
    for (let nth = 1; nth <= 200; nth += 1) {
      await spool.push(piece);
      while (read < (nth - unreadPieces) * piece.length) read += (await reader.next()).value?.length ?? 0;
      expect(spool.isFull).to.equal(false);
      most = Math.max(most, space.used);
    }
    expect(most).to.be.below(unreadPieces * piece.length + 2 * limits.spoolFileBytes);
    spool.end();
    for (let next = await reader.next(); !next.done; next = await reader.next()) read += next.value.length;
    expect([read, space.used]).to.deep.equal([200 * piece.length, 0]);
  });

  it('the batches of one caller cannot use up the space of another', () => {
    const space = new SpoolSpace();
    space.count('greedy', limits.maxSpoolBytes * limits.maxSpoolShare);
    expect([space.isFullFor('greedy'), space.isFullFor('modest')]).to.deep.equal([true, false]);
    space.count('modest', limits.maxSpoolBytes * limits.maxSpoolShare);
    expect(space.isFullFor('third')).to.equal(true);
    for (const owner of ['greedy', 'modest']) space.count(owner, -limits.maxSpoolBytes * limits.maxSpoolShare);
    expect([space.used, space.isFullFor('greedy')]).to.deep.equal([0, false]);
  });

  it('an error of the batch ends the reading after the results before it', async () => {
    const spool = new ResultSpool(new SpoolSpace(), 'a');
    await spool.push('first');
    spool.end(new Error('the client is gone'));
    const reader = spool[Symbol.asyncIterator]();
    expect((await reader.next()).value?.toString()).to.equal('first');
    expect(await reader.next().catch(String)).to.match(/the client is gone/);
  });
});
