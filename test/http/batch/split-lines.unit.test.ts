import { expect } from 'chai';
import { splitLines } from '../../../src/http/batch/split-lines.js';

describe('splitLines', () => {
  const maxLineBytes = 4_000;

  async function* inChunks(text: string, bytes: number): AsyncGenerator<Buffer> {
    const all = Buffer.from(text);
    for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
  }

  it('lines are the same however small the chunks are, and unfinished ones are counted as memory', async () => {
    const text = `short\r\n\n${'x'.repeat(maxLineBytes)}\n${'y'.repeat(maxLineBytes + 1)}\nlast`;
    for (const chunkBytes of [1, 7, text.length]) {
      let held = 0;
      let most = 0;
      const hold = (bytes: number) => {
        held += bytes;
        most = Math.max(most, held);
        return () => {
          held -= bytes;
        };
      };
      const lines = [];
      for await (const group of splitLines(inChunks(text, chunkBytes), { maxLineBytes, maxLines: 10, hold })) {
        lines.push(...group);
      }
      const found = lines.map(({ number, bytes, end }) => [number, bytes?.length, end]);
      expect(found, `chunks of ${chunkBytes}`).to.deep.equal([
        [1, 5, 7],
        [3, maxLineBytes, 8 + maxLineBytes + 1],
        [4, undefined, 8 + 2 * maxLineBytes + 3],
        [5, 4, text.length],
      ]);
      expect(held).to.equal(0);
      if (chunkBytes < 10) expect(most).to.equal(maxLineBytes);
    }
  });
});
