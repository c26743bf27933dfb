import { Readable } from 'node:stream';
import { expect } from 'chai';
import { responseMayBegin } from '../../../src/http/batch/response-begin.js';

const never = new Promise<void>(() => undefined);
const behindProxy = { 'x-forwarded-for': '192.0.2.1', 'content-length': '100' };

function request(headers: Record<string, string>, httpVersion = '1.1') {
  const body = new Readable({ read: () => undefined });
  return Object.assign(body, { headers, httpVersion });
}

/** Whether a promise has resolved, once all that could run has run. */
async function hasResolved(promise: Promise<void>): Promise<boolean> {
  let resolved = false;
  void promise.then(() => {
    resolved = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return resolved;
}

describe('the beginning of the response to a batch', () => {
  it('is at once if no proxy has announced the length of the batch', async () => {
    const all: Record<string, string>[] = [
      { 'content-length': '100' },
      { 'x-forwarded-for': '192.0.2.1', 'transfer-encoding': 'chunked' },
      {},
    ];
    for (const headers of all) expect(await hasResolved(responseMayBegin(request(headers), never))).to.equal(true);
  });

  it('is when the whole batch has arrived if a proxy has announced its length', async () => {
    const batches = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'].map(
      (name) => [name, request({ [name]: 'proxy', 'content-length': '100' })] as const,
    );
    // nginx, unless its configuration says otherwise.
    batches.push(['HTTP/1.0', request({ 'content-length': '100' }, '1.0')]);
    for (const [name, batch] of batches) {
      const mayBegin = responseMayBegin(batch, never);
      batch.push('line\n');
      batch.resume();
      expect(await hasResolved(mayBegin), name).to.equal(false);
      batch.push(null);
      expect(await hasResolved(mayBegin), name).to.equal(true);
    }
  });

  it('is when the batch ends early or its client disconnects, although a proxy has announced its length', async () => {
    expect(await hasResolved(responseMayBegin(request(behindProxy), Promise.resolve()))).to.equal(true);
    const cut = request(behindProxy);
    const mayBegin = responseMayBegin(cut, never);
    cut.destroy();
    expect(await hasResolved(mayBegin)).to.equal(true);
    const complete = request(behindProxy);
    complete.push(null);
    complete.resume();
    await new Promise((resolve) => complete.once('close', resolve));
    expect(await hasResolved(responseMayBegin(complete, never))).to.equal(true);
  });
});
