import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { drained } from '../../../src/cli/terminal/drained.js';

describe('the wait for a reader of standard output', () => {
  const listeners = (stream: PassThrough) =>
    ['drain', 'close', 'error'].map((event) => stream.listenerCount(event)).join();
  const full = () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    stream.on('error', () => undefined);
    expect(stream.write('more than fits')).to.equal(false);
    return stream;
  };

  it('ends when the reader has read, and leaves no listeners behind', async () => {
    const stream = full();
    const before = listeners(stream);
    const waiting = drained(stream);
    stream.read();
    await waiting;
    expect(listeners(stream)).to.equal(before);
    expect(stream.writable).to.equal(true);
  });

  it('ends when the reader closes the output, or when a write fails', async () => {
    for (const error of [undefined, new Error('EPIPE')]) {
      const stream = full();
      const before = listeners(stream);
      const waiting = drained(stream);
      stream.destroy(error);
      await waiting;
      expect(listeners(stream)).to.equal(before);
      expect(stream.writable).to.equal(false);
    }
  });
});
