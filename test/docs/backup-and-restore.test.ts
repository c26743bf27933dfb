import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { projectPath } from '../../src/project-path.js';
import { blocksRunBy } from '../support/block-runs.js';
import { commandsOf, isShown } from '../support/console-blocks.js';
import { orderIdIn } from '../support/events.js';
import { type Backup, backUp, restore } from '../support/restore.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';
import { Shell } from '../support/shell.js';

const blocksOf = (page: string) => blocksRunBy('test/docs/backup-and-restore.test.ts', page);
const wait = { prefer: 'wait=10' };

/** The form of an output: ids and numbers are replaced, and columns have one space between them. */
function formOf(output: string): string[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/\b[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{4}…/g, 'ID')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replaceAll(/\d(?:[\d.,]*\d)?/g, 'N')
        .replaceAll(/ +/g, ' '),
    );
}

describe('docs/backup-and-restore.md', () => {
  const env = { ORDERS_SIGNING_KEY_FILES: projectPath('test', 'fixtures', 'format-1', 'signing-key.pem') };
  let log: TestLog;
  let service: RunningService;
  let shell: Shell;
  let backup: Backup | undefined;
  before(async () => {
    log = await createTestLog(2);
    // A process of its own: only that starts over in the new epoch.
    service = await startService(log, env);
    // The slow test of the drill runs the real one.
    const takeBackup = async () => {
      backup = await backUp(log);
      return { code: 0, stdout: '', stderr: '', output: '' };
    };
    shell = await Shell.open({ url: service.url, log }, env, { pg_basebackup: takeBackup });
  });
  after(async () => {
    await shell?.close();
    await service?.stop();
    await log?.close();
  });

  const ready = () =>
    eventually(
      'the service to be ready',
      async () => (await call(service, 'GET', '/health/ready').catch(() => undefined))?.status === 200,
      30_000,
    );
  const place = async (user_id: string, total_amount: number) => {
    // The page shows events of one partition.
    const order = { order_id: orderIdIn(0, 2), user_id, item_ids: ['a'], total_amount };
    await call(service, 'POST', '/orders', order, wait);
    await call(service, 'POST', `/orders/${order.order_id}/pay`, {}, wait);
    return order.order_id;
  };

  it('the drill shows what was lost, recovers, saves the lost events and checks', async () => {
    const blocks = blocksOf('docs/backup-and-restore.md');
    const shown = blocks.find(({ language }) => language === '')?.code ?? '';
    const commands = blocks.flatMap((block) => (block.language === 'sh' ? commandsOf(block) : []));
    const [takeBackup = '', takeCheckpoint = '', dryRun = '', recover = '', ...checks] = commands.map(
      ({ command }) => command,
    );
    const kept = await place('u-2', 10);
    await shell.run(takeBackup);
    if (backup === undefined) throw new Error('no backup was taken');
    await ready();
    await shell.run(takeCheckpoint);
    // The events that the page shows.
    await place('u-7', 59.98);
    await call(service, 'POST', `/orders/${kept}/refund`, { reason: 'lost' }, wait);
    await restore(log, backup);
    await eventually('the service to notice', async () =>
      /went back/.test((await call(service, 'GET', '/health/ready')).body.checks.event_log ?? ''),
    );

    const { code, stdout } = await shell.end(dryRun);
    expect(formOf(stdout)).to.deep.equal(formOf(shown));
    expect(code).to.equal(3);
    expect(await shell.run(recover)).to.match(/epoch 2-[0-9a-f]{8} of the log has started/);
    const saved = (await readFile(join(shell.folder, 'lost.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(saved).to.have.length(3);
    await ready();
    expect(checks).to.have.length(2);
    for (const command of checks) expect(await shell.run(command), command).to.match(/order-status/);
  });

  it('docs/audit.md shows the payload of a checkpoint, which names the epoch after a recovery', async () => {
    const [shown] = blocksOf('docs/audit.md');
    const { jws } = JSON.parse(await shell.run('npx orders checkpoint')) as { jws: string };
    const payload = JSON.stringify(decodeJwt(jws));
    expect(isShown(shown?.code.replaceAll(' ', '').trim() ?? '', payload), payload).to.equal(true);
  });
});
