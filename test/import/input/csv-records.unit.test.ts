import { expect } from 'chai';
import fc from 'fast-check';
import type { Line } from '../../../src/http/batch/split-lines.js';
import { type CsvRecord, csvRecords } from '../../../src/import/input/csv-records.js';

/** Reads lines in groups of these sizes, which are repeated. */
async function read(texts: readonly (string | Buffer)[], sizes: readonly number[], delimiter = ',') {
  const lines: Line[] = texts.map((text, index) => ({ number: index + 1, bytes: Buffer.from(text), end: 0 }));
  async function* groups(): AsyncGenerator<Line[]> {
    for (let at = 0, nth = 0; at < lines.length; nth += 1) {
      const size = sizes[nth % sizes.length] ?? 1;
      yield lines.slice(at, at + size);
      at += size;
    }
  }
  const records: CsvRecord[] = [];
  for await (const together of csvRecords(groups(), delimiter)) records.push(...together);
  return records.map(({ lines, content }) => ({ lines: lines.map(({ number }) => number), content }));
}

const notClosed = 'A quote is not closed: end the cell with a quote, and double each quote within it.';

describe('CSV records', () => {
  it('the records of a CSV file do not depend on how its lines are grouped', async () => {
    const piece = fc.constantFrom('a', 'b c', ',', '"', '""', '"x"', '"y,z"', 'é', '\r', '\ufeff', '');
    const line = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
        async (texts, sizes) => {
          expect(await read(texts, sizes)).to.deep.equal(await read(texts, [1]));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('an invalid CSV record does not affect its neighbours', async () => {
    const texts = ['a,b', 'c,"d"x', Buffer.from([0x61, 0xff]), '"e', 'f",g', '', 'h,"i ""j"""', '"k'];
    expect(await read(texts, [texts.length])).to.deep.equal([
      { lines: [1], content: { fields: ['a', 'b'] } },
      {
        lines: [2],
        content: {
          unreadable:
            'The line is not CSV: Invalid Closing Quote: got "x" at line 2 instead of delimiter, record delimiter, trimable character (if activated) or comment: ' +
            'quote the whole cell, and double each quote within it.',
        },
      },
      { lines: [3], content: { unreadable: 'The line is not UTF-8: set --encoding, such as latin1.' } },
      { lines: [4, 5], content: { fields: ['e\nf', 'g'] } },
      { lines: [7], content: { fields: ['h', 'i "j"'] } },
      { lines: [8], content: { unreadable: notClosed } },
    ]);
  });

  it('the message about an invalid record names the line of the file, whatever its line breaks', async () => {
    for (const end of ['', '\r']) {
      const texts = ['a,b', '"c', 'd', 'e"x,"f"'].map((text) => `${text}${end}`);
      const [, record] = await read(texts, [4]);
      expect(record?.lines).to.deep.equal([2, 3, 4]);
      expect(JSON.stringify(record?.content)).to.match(/got \\"x\\" at line 4 instead/);
    }
  });

  it('a CSV record has up to a hundred lines; a quote open for longer is an error of its own line', async () => {
    const lines = (count: number) => ['"begins', ...Array.from({ length: count - 2 }, () => 'goes on'), 'ends"'];
    expect(await read(lines(100), [250])).to.have.length(1);
    const records = await read(lines(101), [250]);
    expect(records[0]).to.deep.equal({ lines: [1], content: { unreadable: notClosed } });
    expect(records).to.have.length(101);
  });
});
