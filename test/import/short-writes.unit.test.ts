import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { spillRows } from '../../src/import/grouping/spilled-rows.js';
import { readHeader } from '../../src/import/input/csv-header.js';
import { writeUtf8Copy } from '../../src/import/input/utf8-copy.js';
import { openRejected } from '../../src/import/rejected-records.js';

/** Bytes that a write takes, as on a disk that is nearly full. */
const taken = 3;

describe('the files of an import, if each write takes only a part of the bytes', () => {
  let folder: string;
  let handles: FileHandle;
  let write: FileHandle['write'];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-short-'));
    const handle = await open(folder);
    handles = Object.getPrototypeOf(handle);
    await handle.close();
    write = handles.write;
    const short = function (this: FileHandle, text: Buffer | string, ...rest: (number | undefined)[]) {
      const [bytes, [offset = 0, length = text.length, position]] =
        typeof text === 'string' ? [Buffer.from(text), [0, text.length, rest[0]]] : [text, rest];
      return Reflect.apply(write, this, [bytes, offset, Math.min(taken, length), position]);
    };
    handles.write = short as typeof write;
  });
  after(async () => {
    handles.write = write;
    await rm(folder, { recursive: true });
  });

  it('are written completely: the copy in UTF-8, the rows of orders, and the rejected records', async () => {
    const [file, copy] = [join(folder, 'orders.csv'), join(folder, 'copy')];
    const text = 'order,article\n1,Übergröße\n2,Tee\n1,Kaffee\n';
    await writeFile(file, Buffer.from(text, 'latin1'));
    await writeUtf8Copy(file, 'latin1', copy, () => undefined);
    expect(await readFile(copy, 'utf8')).to.equal(text);

    const header = await readHeader(copy, ',');
    const rows = await spillRows({ file: copy, header, keyIndex: 0, kept: [1], folder: join(folder, 'rows') });
    const orders = [...(await rows.read(0))].map(([key, some]) => [key, ...some.flatMap(({ cells }) => cells)]);
    expect(orders).to.deep.equal([
      ['1', 'Übergröße', 'Kaffee'],
      ['2', 'Tee'],
    ]);

    const rejected = await openRejected(join(folder, 'rejected'), 0);
    for (const line of [2, 3]) await rejected.write(line, 'ungültig', `${line},x`);
    await rejected.close();
    const lines = (await readFile(join(folder, 'rejected'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((one) => JSON.parse(one))).to.deep.equal([
      { line: 2, reason: 'ungültig', record: '2,x' },
      { line: 3, reason: 'ungültig', record: '3,x' },
    ]);
    expect(rejected.bytes).to.equal((await readFile(join(folder, 'rejected'))).length);
  });
});
