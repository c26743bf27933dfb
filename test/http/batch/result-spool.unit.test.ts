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
      const spool = new ResultSpool(new SpoolSpace());
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
    const spool = new ResultSpool(space);
    let pushed = 0;
    for (; !spool.isFull; pushed += 1) await spool.push('x'.repeat(1024 * 1024));
    expect(pushed * 1024 * 1024).to.be.within(limits.maxSpoolFileBytes, limits.maxSpoolFileBytes + 2 * 1024 * 1024);
    expect(space.used).to.equal(pushed * 1024 * 1024);
    const reader = spool[Symbol.asyncIterator]();
    await reader.next();
    await reader.return(undefined);
    expect(space.used).to.equal(0);
    await spool.push('nobody reads this');
    expect(space.used).to.equal(0);
  });

  it('an error of the batch ends the reading after the results before it', async () => {
    const spool = new ResultSpool(new SpoolSpace());
    await spool.push('first');
    spool.end(new Error('the client is gone'));
    const reader = spool[Symbol.asyncIterator]();
    expect((await reader.next()).value?.toString()).to.equal('first');
    expect(await reader.next().catch(String)).to.match(/the client is gone/);
  });
});
