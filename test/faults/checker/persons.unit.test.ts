import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { groupByOrder } from './orders.js';
import { findNames, findNamesInLog } from './persons.js';
import { logOf, orderId, placed } from './planted.js';

describe('the search for forgotten persons', () => {
  const folder = mkdtempSync(join(tmpdir(), 'names-'));
  const file = join(folder, 'dump.rdb');

  after(() => rmSync(folder, { recursive: true }));

  it('finds a name in a file in both encodings, also across the border of two chunks', async () => {
    const border = 64 * 1024;
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const bytes = Buffer.alloc(2 * border, 0xff);
      bytes.write('Grete Müller', border - 4, encoding);
      writeFileSync(file, bytes);
      expect(await findNames([file], ['Grete Müller', 'Hans'])).to.deep.equal([
        'the file dump.rdb has the forgotten name Grete Müller.',
      ]);
    }
  });

  it('finds nothing in a file without the names', async () => {
    writeFileSync(file, 'Grete Muller');
    expect(await findNames([file], ['Grete Müller'])).to.deep.equal([]);
  });

  it('finds a name that an event of the log has in the clear', () => {
    const orders = groupByOrder(logOf([placed()]), [], () => 2);
    expect(findNamesInLog(orders, ['u-1'])).to.deep.equal([`event 2:1 of order ${orderId} has the name u-1.`]);
    expect(findNamesInLog(orders, ['u-2'])).to.deep.equal([]);
  });
});
