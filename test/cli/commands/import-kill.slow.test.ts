import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { importLimits } from '../../../src/import/limits.js';
import { importedFigures, cdnowMapping as mapping, seriesOf } from '../../support/imported-figures.js';
import { runOrders, spawnOrders } from '../../support/orders-command.js';
import { expectIntactLog } from '../../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

describe('orders import, killed in the middle', () => {
  let log: TestLog;
  let folder: string;
  before(async () => {
    log = await createTestLog();
    folder = await mkdtemp(join(tmpdir(), 'orders-import-'));
  });
  after(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const count = async () => (await log.owner.query('select count(*)::int as n from events')).rows[0].n as number;
  const exists = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    );

  it('continues after it was killed, and ends with the same figures', async () => {
    const file = join(folder, 'big.csv');
    const progress = `${file}.import-progress.json`;
    const lines = Array.from(
      { length: 30_000 },
      (_, nth) =>
        `${nth % 700},199${7 + (nth % 2)}01${10 + (nth % 20)},${1 + (nth % 3)},${nth % 100}.${10 + (nth % 90)}`,
    );
    await writeFile(file, `ID,Date,Volume,Amount\n${lines.join('\n')}\n`);
    // A lock blocks one partition in the middle of the file until the interval for saving progress
    // has passed. The next finished lines then save it, and the process is killed before the last
    // line.
    let blockedAt: number | undefined;
    const mayKill = async () => {
      if (blockedAt === undefined && (await count()) > 9_000) {
        await log.owner.query('begin');
        await log.owner.query('select from partition_heads where partition = 3 for update');
        blockedAt = performance.now();
      }
      if (blockedAt !== undefined && performance.now() - blockedAt > importLimits.saveIntervalMs)
        await log.owner.query('commit');
      return exists(progress);
    };
    const killed = await spawnOrders(log, ['import', file, ...mapping], {
      running: (kill) => void eventually('the moment to kill', mayKill, 60_000).then(kill),
    });
    expect(killed.code).to.equal(null);
    // A slow import saves its progress, and is killed, before the lock is released.
    await log.owner.query('commit');
    expect(await count()).to.be.lessThan(30_000);
    const resumed = await runOrders(log, ['import', file, ...mapping]);
    expect(resumed.output).to.match(/continuing after/);
    expect(resumed.code, resumed.output).to.equal(0);
    expect(await count()).to.equal(30_000);
    expect(await exists(progress)).to.equal(false);
    expect((await importedFigures(log)).series).to.deep.equal(await seriesOf(file));
    await expectIntactLog(log);
  });
});
