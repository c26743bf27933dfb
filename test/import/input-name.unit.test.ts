import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readImportArguments } from '../../src/cli/commands/import/import-options.js';
import { inputName } from '../../src/import/input-name.js';
import { openInput } from '../../src/import/open-input.js';

describe('The name of an import’s input', () => {
  it('an interrupted import continues with the same file and mapping only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orders-input-'));
    try {
      const file = join(folder, 'shop.csv');
      const nameOf = async (...more: readonly string[]) => {
        const options = readImportArguments([
          ...[file, '--key', 'no', '--map', 'user_id=user,occurred_at=at,item_id=sku,total_amount=total'],
          ...['--set', 'currency=EUR', ...more],
        ]);
        if (!options) throw new Error('the usage was asked for');
        const input = await openInput(options);
        await input.close();
        return inputName(input);
      };
      await writeFile(file, 'no,user,at,sku,total,paid,pay\n');
      const before = await nameOf();
      expect(await nameOf()).to.equal(before);
      const others = [
        await nameOf('--map', 'paid_at=paid'),
        await nameOf('--map', 'paid_at=paid,payment_id=pay'),
        await nameOf('--default', 'user_id=guest'),
        await nameOf('--states', 'lost=cancelled'),
        await nameOf('--first-row', 'user_id'),
      ];
      expect(new Set([before, ...others])).to.have.length(6);
      await writeFile(file, 'no,user,at,sku,total,paid,pay\n1,u,2026-01-01T00:00:00Z,x,1.00,,\n');
      expect(await nameOf()).not.to.equal(before);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
