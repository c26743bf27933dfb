import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readImportArguments } from '../../../src/cli/commands/import/import-options.js';
import { previewRows } from '../../../src/import/checking/preview.js';
import { openInput } from '../../../src/import/open-input.js';

async function preview(content: string, args: readonly string[], count: number) {
  const folder = await mkdtemp(join(tmpdir(), 'orders-preview-'));
  try {
    const file = join(folder, 'orders.csv');
    await writeFile(file, content);
    const options = readImportArguments([file, ...args]);
    if (!options) throw new Error('--help was asked for');
    const input = await openInput(options);
    const { readFirst } = input;
    const { source } = options;
    const reasonOf = () => 'rejected';
    return await previewRows({ readFirst, source, defaultCurrency: 'USD', reasonOf }, count).finally(input.close);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const args = [
  ...['--map', 'user_id=user,item_id=sku,quantity=n,unit_price=price', '--total', 'computed'],
  ...['--group-by', 'no', '--returns', 'negative', '--set', 'currency=EUR,occurred_at=now'],
];

describe('The preview of an import', () => {
  it('shows the orders that come first in the file, however their rows are spread over buckets', async () => {
    // Each row is long, so that the file has several buckets.
    const text = 'x'.repeat(100_000);
    const rows = Array.from({ length: 100 }, (_, nth) => `${(nth * 37) % 100},u,${text},1,5\n`);
    const found = await preview(`no,user,sku,n,price\n${rows.join('')}`, args, 4);
    expect(found.map(({ cells: [line] }) => line)).to.deep.equal(['2', '3', '4', '5']);
  });

  it('tells returns that would be listed from orders that would be rejected', async () => {
    const found = await preview('no,user,sku,n,price\n1,u,a,-1,5\n2,,a,1,5\n3,u,a,1,5\n', args, 3);
    expect(found.map(({ refused, listed }) => [refused, listed])).to.deep.equal([
      [undefined, 'a return that names no order'],
      ['column "user" (user_id) is empty: fill it in, or set --default user_id=VALUE', undefined],
      [undefined, undefined],
    ]);
  });
});
