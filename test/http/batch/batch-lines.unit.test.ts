import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { FairSemaphore } from '../../../src/fair-semaphore.js';
import { admittedLines } from '../../../src/http/batch/batch-lines.js';

describe('The lines of a batch that are admitted', () => {
  const never = new AbortController().signal;
  const idleTimeoutMs = 50;
  const linesOf = (request: PassThrough, waitForCapacity: (lines: number) => Promise<number>) =>
    admittedLines(request, {
      owner: 'a',
      linesInFlight: new FairSemaphore(1_000),
      waitForCapacity,
      idleTimeoutMs,
      hold: () => () => undefined,
      stopped: never,
      ended: never,
      hasToEnd: () => false,
    });

  it('no more lines are admitted than the rate limit has allowed, and it is asked for no more than there are', async () => {
    const request = new PassThrough();
    request.end('x\n'.repeat(250));
    const asked: number[] = [];
    const groups: number[] = [];
    const admitted = linesOf(request, async (lines) => {
      asked.push(lines);
      return Math.min(lines, 60);
    });
    for await (const { lines, release } of admitted) {
      groups.push(lines.length);
      release();
    }
    expect(asked).to.deep.equal([100, 40, 100, 40, 50]);
    expect(groups).to.deep.equal([60, 40, 60, 40, 50]);
  });

  it('a wait for the rate limit is no idle time of the client, but a wait for data is', async () => {
    const request = new PassThrough();
    request.write('x\n');
    const admitted = linesOf(request, async (lines) => {
      await setTimeout(4 * idleTimeoutMs);
      return lines;
    });
    expect((await admitted.next()).value?.lines).to.have.length(1);
    expect(request.destroyed).to.equal(false);
    expect(await admitted.next().catch(String)).to.match(/no data of the batch arrived/);
    expect(request.destroyed).to.equal(true);
  });
});
