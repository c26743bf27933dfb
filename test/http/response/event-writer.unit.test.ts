import { expect } from 'chai';
import { httpLimits } from '../../../src/http/limits.js';
import { EventWriter } from '../../../src/http/response/event-writer.js';

describe('A long message of a stream', () => {
  const data = Buffer.alloc(300_000, 'x');

  it('arrives whole, and no heartbeat comes between its pieces', async () => {
    const writer = new EventWriter();
    const sending = writer.sendWhenRoom({ id: '1', data });
    writer.sendHeartbeat();
    let text = '';
    writer.body.setEncoding('utf8').on('data', (piece: string) => {
      writer.sendHeartbeat();
      text += piece;
    });
    await sending;
    await new Promise((resolve) => setImmediate(resolve));
    // The heartbeats that came with the last piece are behind the message.
    expect(text.replaceAll(/(:\n\n)+$/g, '')).to.equal(`id: 1\ndata: ${'x'.repeat(300_000)}\n\n`);
  });

  it('takes little memory beside its shared bytes while the reader takes nothing', () => {
    const writer = new EventWriter();
    void writer.sendWhenRoom({ id: '1', data });
    expect(writer.body.writableLength + writer.body.readableLength).to.be.below(
      2 * (httpLimits.maxEventStreamBufferBytes + httpLimits.responsePieceBytes),
    );
    writer.destroy();
  });

  it('ends with the connection if the stream ends in the middle of it', async () => {
    const writer = new EventWriter();
    void writer.sendWhenRoom({ id: '1', data });
    writer.end('retry: 1\n\n');
    expect(writer.body.destroyed).to.equal(true);
  });
});
