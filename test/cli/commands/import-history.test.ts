import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { presets } from '../../../src/import/presets/all-presets.js';
import { projectPath } from '../../../src/project-path.js';
import { importedFigures } from '../../support/imported-figures.js';
import { runOrders } from '../../support/orders-command.js';
import { expectIntactLog } from '../../support/read-models.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

describe('orders import of a history', () => {
  let log: TestLog;
  let folder: string;
  beforeEach(async () => {
    log = await createTestLog();
    folder = await mkdtemp(join(tmpdir(), 'orders-history-'));
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('the processing times are those of the dates in the file: means exactly, percentiles within 1 %', async () => {
    const orders = 1_001;
    const placedMs = Date.UTC(2024, 0, 1);
    // The multiplier shares no factor with the number of orders: each has a duration of its own.
    const hours = Array.from({ length: orders }, (_, nth) => 10 + ((nth * 617) % orders));
    const time = (ms: number) => new Date(ms).toISOString();
    const rows = hours.map((toDelivery, nth) => {
      const ms = placedMs + nth * 3_600_000;
      const shipped = ms + toDelivery * 1_200_000;
      return `${nth},u-${nth % 50},12.34,${time(ms)},${time(shipped)},${time(ms + toDelivery * 3_600_000)}`;
    });
    const file = join(folder, 'history.csv');
    await writeFile(file, `no,user,total,at,shipped,delivered\n${rows.join('\n')}\n`);
    const columns = 'user_id=user,total_amount=total,occurred_at=at,shipped_at=shipped,delivered_at=delivered';
    const args = ['--key', 'no', '--source', 'history', '--set', 'item_id=x,currency=EUR', '--map', columns];
    expect((await runOrders(log, ['import', file, ...args])).output).to.match(/1001 imported|1,001 imported/);
    const { processing_time, by_status } = await importedFigures(log, 'EUR');
    expect(by_status).to.deep.equal({ delivered: orders });

    const sorted = hours.toSorted((a, b) => a - b);
    for (const [name, unitSeconds] of [
      ['placed_to_shipped', 1_200],
      ['placed_to_delivered', 3_600],
    ] as const) {
      const seconds = sorted.map((one) => one * unitSeconds);
      const found = processing_time[name];
      expect(found.mean).to.equal(seconds.reduce((sum, one) => sum + one) / orders);
      for (const percent of [50, 90, 99]) {
        const wanted = seconds[Math.ceil((orders * percent) / 100) - 1] ?? 0;
        expect(Math.abs(found[`p${percent}`] / wanted - 1), `${name} p${percent}`).to.be.at.most(0.01);
      }
    }
  });

  it('each preset’s export, imported twice, changes nothing the second time', async () => {
    const countEvents = async () => (await log.owner.query('select count(*)::int as n from events')).rows[0].n;
    for (const [name] of presets) {
      const run = async (copy: string) => {
        const file = join(folder, `${name}-${copy}.csv`);
        await copyFile(projectPath(`test/fixtures/import/${name}.csv`), file);
        return (await runOrders(log, ['import', file, '--preset', name])).output;
      };
      expect(await run('first'), name).to.match(/[1-9]\d* imported, 0 already there, 0 rejected/);
      const events = await countEvents();
      // A file of another name has the same orders, by their numbers.
      expect(await run('second'), name).to.match(/ 0 imported, [1-9]\d* already there, 0 rejected/);
      expect(await countEvents(), name).to.equal(events);
    }
    await expectIntactLog(log);
  });
});
