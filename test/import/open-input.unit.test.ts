import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readImportArguments } from '../../src/cli/commands/import/import-options.js';
import { openInput } from '../../src/import/open-input.js';

describe('A file before it is imported', () => {
  const mapped = ['--map', 'user_id=user,total_amount=total,occurred_at=at', '--set', 'item_id=x,currency=EUR'];
  const days = ['--date-format', 'M/D/YYYY'];

  const csv = 'no,user,total,at\n1,u,5,1/13/2026\n2,u,5,1/14/2026\n';
  const wholeReads = (...options: string[]) => readsOf('orders.csv', csv, [...mapped, ...options]);

  /** How often the whole file is reported to have been read. */
  async function readsOf(name: string, content: string, options: readonly string[], look = false): Promise<number> {
    const folder = await mkdtemp(join(tmpdir(), 'orders-open-input-'));
    try {
      const file = join(folder, name);
      await writeFile(file, content);
      const given = readImportArguments([file, ...options]) ?? expect.fail('--help was asked for');
      const reads: number[] = [];
      const input = await openInput({ ...given, onRead: (bytes, of) => reads.push(bytes / of) });
      if (look) expect(await input.everyLineHasKey()).to.equal(true);
      await input.close();
      return reads.filter((fraction) => fraction === 1).length;
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it('shows the progress of each pass over it', async () => {
    // The fingerprint of the content is always taken.
    expect(await wholeReads('--date-format', 'YYYY-MM-DD')).to.equal(1);
    expect(await wholeReads(...days), 'the order of day and month').to.equal(2);
    expect(await wholeReads(...days, '--key', 'no'), 'repeated keys').to.equal(3);
    expect(await wholeReads(...days, '--encoding', 'latin1'), 'the copy in UTF-8').to.equal(3);
    expect(await wholeReads(...days, '--group-by', 'no'), 'the rows of orders').to.equal(2);
  });

  it('shows the progress of the pass that looks for the keys of the lines of a changed file', async () => {
    const lines = '{"idempotency_key":"a"}\n\n{"idempotency_key":"b"}\n';
    expect(await readsOf('orders.ndjson', lines, [], false)).to.equal(1);
    expect(await readsOf('orders.ndjson', lines, [], true)).to.equal(2);
  });
});
