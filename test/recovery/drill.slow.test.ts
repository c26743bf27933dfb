import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { type Child, freePort, runChild, startChild, waitUntilStarted } from '../../src/embedded/child.js';
import { serverUser } from '../../src/embedded/server-user.js';
import { createDataDir } from '../support/data-dir.js';
import { runOrders } from '../support/orders-command.js';
import { eventually, serverUrls } from '../support/servers.js';
import { call, startService } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 59.98 };

/** The programs of an installed PostgreSQL: the embedded one has no pg_basebackup. */
async function installedPostgres(): Promise<string | undefined> {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? await readdir(folder) : [];
  const newestFirst = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(folder, version, 'bin'));
  return newestFirst.find((bin) => existsSync(join(bin, 'pg_basebackup')));
}

describe('the drill of docs/backup-and-restore.md', () => {
  it('restores a base backup while the service runs: lost events are shown, recovered from, and known to auditors', async function () {
    const bin = await installedPostgres();
    if (!bin) {
      console.log('      skipped: no PostgreSQL with pg_basebackup is installed in /usr/lib/postgresql');
      this.skip();
    }
    const folder = await createDataDir('drill');
    const runAs = await serverUser();
    const named = { name: 'PostgreSQL', logFile: join(folder, 'postgres.log') };
    const [data, backup] = [join(folder, 'data'), join(folder, 'backup')];
    for (const path of [data, backup]) {
      await mkdir(path, { mode: 0o700 });
      if (runAs) await chown(path, runAs.uid, runAs.gid);
    }
    await runChild(join(bin, 'initdb'), ['-D', data, '-U', 'orders', '-A', 'trust', '-E', 'UTF8'], {
      ...runAs,
      ...named,
    });
    const port = await freePort();
    const databaseUrl = `postgresql://orders@127.0.0.1:${port}/postgres`;
    const start = async (from: string): Promise<Child> => {
      const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off'];
      const child = startChild(join(bin, 'postgres'), ['-D', from, ...settings.flatMap((one) => ['-c', one])], {
        ...runAs,
      });
      await waitUntilStarted({ ...named, child }, 30_000, async () => {
        const client = new pg.Client({ connectionString: databaseUrl });
        await client.connect();
        await client.end();
      });
      return child;
    };
    let postgres = await start(data);
    const keyFile = join(folder, 'key.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const log = { databaseUrl, redisUrl: serverUrls().redisUrl };
    const env = { ORDERS_SIGNING_KEY_FILES: keyFile, ORDERS_PARTITIONS: '4' };
    const service = await startService(log, env);
    const place = () => call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    const orders = (...args: string[]) => runOrders(log, args, env);
    try {
      const kept = (await place()).body.order_id;
      await runChild(join(bin, 'pg_basebackup'), ['-d', databaseUrl, '-D', backup, '-X', 'stream', '-c', 'fast'], {
        ...runAs,
        ...named,
      });
      const lost = (await place()).body.order_id;
      await call(service, 'POST', `/orders/${lost}/pay`, {}, { prefer: 'wait=10' });
      const checkpoint = join(folder, 'checkpoint.json');
      await writeFile(checkpoint, (await orders('checkpoint')).stdout);

      await postgres.stop('SIGQUIT');
      postgres = await start(backup);
      await eventually(
        'the service to notice',
        async () => /went back/.test((await call(service, 'GET', '/health/ready')).body.checks.event_log ?? ''),
        30_000,
      );
      const dryRun = await orders('recover', '--dry-run', '--against', checkpoint);
      expect(dryRun.code, dryRun.output).to.equal(3);
      expect(dryRun.stdout).to.include(`${lost} (whole order), user u-1: OrderPlaced`);
      expect(dryRun.stdout).to.match(/lost: 2 events of 1 orders, 1 of them whole; 59.98 USD placed, 59.98 USD paid/);
      expect(dryRun.stdout).to.match(/the checkpoint of .*: the log has lost events/);
      const saved = join(folder, 'lost.ndjson');
      const recovered = await orders('recover', '--save', saved, '--reason', 'drill');
      expect(recovered.code, recovered.output).to.equal(0);
      expect((await readFile(saved, 'utf8')).trim().split('\n')).to.have.length(2);

      await eventually('the service to be back', async () => {
        const ready = await call(service, 'GET', '/health/ready').catch(() => undefined);
        return ready?.status === 200;
      });
      expect((await call(service, 'GET', `/orders/${kept}`)).status).to.equal(200);
      expect((await call(service, 'GET', `/orders/${lost}`)).status).to.equal(404);
      expect((await place()).headers.get('event-position')).to.match(/@2-[0-9a-f]{8}$/);
      const against = await orders('verify', '--against', checkpoint);
      expect(against.code, against.output).to.equal(3);
      expect(against.stdout).to.match(/lost: the events from here to \d+ of the checkpoint were lost/);
      const verified = await orders('verify', '--projections');
      expect(verified.code, verified.output).to.equal(0);
    } finally {
      await service.stop();
      await postgres.stop('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    }
  });
});
