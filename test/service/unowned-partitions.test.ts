import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { allProjections } from '../../src/projections/all-projections.js';
import { queryLimits } from '../../src/queries/limits.js';
import { releaseOf } from '../../src/read-models/keys.js';
import { reportLifeSeconds } from '../../src/read-models/report.js';
import { startProjector } from '../support/events.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('Partitions without a living projector', () => {
  const partitions = 4;
  let log: TestLog;
  let api: LocalService;
  before(async () => {
    log = await createTestLog(partitions);
    api = await startLocalService(log, { ORDERS_ROLES: 'api' });
  });
  after(async () => {
    await api.stop();
    await log.close();
  });

  const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
  const place = () => call(api, 'POST', '/orders', order, { prefer: 'respond-async' });
  const states = async () => (await call(api, 'GET', '/projections')).body;

  it('every partition is unowned if only API processes run, and the lag is that of the log', async () => {
    for (let nth = 0; nth < 10; nth += 1) await place();
    const lagOf = async () => (await states()).projections.map(({ lag }) => lag);
    await eventually('the heads', async () => (await lagOf()).every((lag) => lag === 10));
    const { projections, heads_age_seconds } = await states();
    expect(heads_age_seconds).to.be.a('number');
    for (const projection of projections) {
      expect(projection.state).to.equal('unowned');
      for (const one of projection.partitions) {
        expect(one).to.include({ state: 'unowned', owner: null, report_age_seconds: null });
        expect(one.lag_seconds).to.be.a('number');
      }
    }
  });

  it('an API process without a projector is ready but degraded, and the service is broken', async () => {
    const ready = await call(api, 'GET', '/health/ready');
    expect([ready.status, ready.body.status]).to.deep.equal([200, 'degraded']);
    const [status, summary, text] = await health();
    expect([status, summary]).to.deep.equal([503, 'broken']);
    // How far each projection is behind follows after ten seconds.
    for (const one of [ready.body.checks.projections, text])
      expect(one).to.match(/^no living projector in all 4 partitions/);
  });

  it('orders status exits with 1 and says which partitions have no projector', async () => {
    const { code, stdout } = await runOrders(log, ['status']);
    expect(code).to.equal(1);
    expect(stdout).to.match(/^metrics +unowned +10 +\d+ s +\?{4}$/m);
    expect(stdout).to.include('no living projector in all 4 partitions: start a process with the role projector');
  });

  it('orders status and orders doctor name a Redis that refuses writes, and no dead projector', async () => {
    await log.redis.config('SET', 'maxmemory', '1');
    try {
      const status = await runOrders(log, ['status']);
      expect(status.code).to.equal(1);
      expect(status.stdout).to.include('\nRedis has reached its maxmemory and refuses writes: give it more memory\n');
      expect(status.stdout).not.to.include('no living projector');
      const doctor = await runOrders(log, ['doctor']);
      expect(doctor.code).to.equal(1);
      expect(doctor.stdout).to.match(/^x Redis: Redis has reached its maxmemory/m);
      expect(doctor.stdout).to.match(/^x projections: no projector can report on all 4 partitions/m);
    } finally {
      await log.redis.config('SET', 'maxmemory', '0');
    }
    expect(await log.redis.exists(`${log.keys.processPrefix}:write-probe`)).to.equal(0);
  });

  const isUnowned = async () => (await states()).projections.every(({ state }) => state === 'unowned');
  const config = (name: string, value: string) => () => log.redis.config('SET', name, value);
  for (const [why, refuse, accept] of [
    ['is full', config('maxmemory', '1'), config('maxmemory', '0')],
    ['has too few replicas', config('min-replicas-to-write', '1'), config('min-replicas-to-write', '0')],
    ['cannot save to its disk', () => breakSaves(log.redis), () => repairSaves(log.redis)],
  ] as const) {
    it(`partitions without a report are blocked, and not unowned, while Redis ${why}`, async () => {
      // Refusals that an earlier test caused are remembered for some seconds.
      await eventually('the refusals to be over', isUnowned);
      const { body } = await call(api, 'POST', '/projections/metrics/rebuild');
      expect(body.rebuild?.state).to.equal('unowned');
      await refuse();
      try {
        const { projections } = await states();
        for (const { name, state, rebuild, partitions: all } of projections) {
          expect([state, ...all.map((one) => one.state)]).to.deep.equal(Array(partitions + 1).fill('blocked'));
          if (name === 'metrics') expect(rebuild?.state).to.equal('blocked');
        }
        await eventually('the check', async () =>
          // How far each projection is behind follows after ten seconds.
          String((await health())[2]).startsWith('no projector can report on all 4 partitions'),
        );
        const { stdout } = await runOrders(log, ['status']);
        expect(stdout).to.match(/^metrics +blocked +10 +\d+ s +\?{4}$/m);
        const gauge = await fetch(`${api.url}/metrics`).then((response) => response.text());
        expect(gauge).to.match(/^orders_partition_unowned\{partition="0"\} 0$/m);
        expect(gauge).to.match(/^orders_partition_blocked\{partition="0"\} 1$/m);
      } finally {
        await accept();
      }
      await eventually('the refusal to be over', isUnowned);
      await call(api, 'DELETE', '/projections/metrics/rebuild');
    });
  }

  it('every partition stays unowned if the user of Redis lacks the right to a command that metrics need', async () => {
    await eventually('the refusals to be over', isUnowned);
    await log.redis.call('ACL', 'SETUSER', 'default', '-info');
    try {
      for (let scrape = 0; scrape < 2; scrape += 1) {
        const gauge = await fetch(`${api.url}/metrics`).then((response) => response.text());
        expect(gauge).to.match(/^orders_partition_unowned\{partition="0"\} 1$/m);
        expect(gauge).to.match(/^orders_partition_blocked\{partition="0"\} 0$/m);
        expect((await states()).projections.map(({ state }) => state)).to.include('unowned');
      }
    } finally {
      await log.redis.call('ACL', 'SETUSER', 'default', '+info');
    }
  });

  it('a rebuild that no projector builds is unowned', async () => {
    await startAndStopProjector();
    const { body } = await call(api, 'POST', '/projections/metrics/rebuild');
    expect(body.rebuild?.state).to.equal('building');
    await ageReports(log, [0], queryLimits.maxReportAgeMs);
    expect((await states()).projections.find(({ name }) => name === 'metrics')?.rebuild?.state).to.equal('unowned');
    await call(api, 'DELETE', '/projections/metrics/rebuild');
  });

  it('a partition is unowned once its owner has not reported for some seconds', async () => {
    await startAndStopProjector();
    expect(await health()).to.deep.equal([200, 'ok', 'live']);
    expect((await runOrders(log, ['status'])).code).to.equal(0);
    await ageReports(log, [1, 3], queryLimits.maxReportAgeMs);
    await eventually('the check', async () => (await health())[0] === 503);
    expect(await health()).to.deep.equal([503, 'broken', 'no living projector in partitions 1 and 3']);
    const metrics = (await states()).projections.find(({ name }) => name === 'metrics');
    expect(metrics?.state).to.equal('unowned');
    expect(metrics?.partitions.map(({ state }) => state)).to.deep.equal(['live', 'unowned', 'live', 'unowned']);
    expect(metrics?.partitions[1]).to.include({ owner: null, report_age_seconds: queryLimits.maxReportAgeMs / 1000 });
    expect((await runOrders(log, ['status'])).stdout).to.match(/^metrics +unowned +0 +0 s +·\?·\?$/m);
  });

  async function health() {
    const { status, body } = await call(api, 'GET', '/health');
    return [status, body.status, body.checks.projections];
  }

  /** Lets a projector apply the log. Its last reports stay. */
  async function startAndStopProjector(): Promise<void> {
    const { stop } = await startProjector(log);
    await eventually('the projector', async () => {
      const { projections } = await states();
      return projections.every(({ lag, state }) => lag === 0 && state === 'live');
    });
    await eventually('the check', async () => (await health())[0] === 200);
    await stop();
    await ageReports(log, [0, 1, 2, 3], -staysFreshMs);
  }
});

/** The file of snapshots: a directory in its place makes each save fail. */
async function snapshotFile(redis: Redis): Promise<string> {
  const [, folder = ''] = (await redis.config('GET', 'dir')) as string[];
  const [, name = ''] = (await redis.config('GET', 'dbfilename')) as string[];
  return join(folder, name);
}

/** Makes Redis refuse writes with MISCONF, since its last snapshot has failed. */
async function breakSaves(redis: Redis): Promise<void> {
  const file = await snapshotFile(redis);
  await rm(file, { force: true });
  await mkdir(join(file, 'not-empty'), { recursive: true });
  // Redis refuses writes only if it is to make snapshots by itself.
  await redis.config('SET', 'save', '86400 1000000');
  await redis.bgsave();
  await eventually('the snapshot to fail', async () =>
    /rdb_last_bgsave_status:err/.test(await redis.info('persistence')),
  );
}

async function repairSaves(redis: Redis): Promise<void> {
  await redis.config('SET', 'save', '');
  await rm(await snapshotFile(redis), { recursive: true });
  await redis.bgsave();
  await eventually('a snapshot', async () => /rdb_last_bgsave_status:ok/.test(await redis.info('persistence')));
}

/** Longer than these tests take. */
const staysFreshMs = 600_000;

/** Sets the age of the reports of partitions. */
async function ageReports(log: TestLog, partitions: readonly number[], ageMs: number): Promise<void> {
  for (const partition of partitions) {
    const key = log.keys.report(partition, releaseOf(allProjections));
    await log.redis.pexpire(key, reportLifeSeconds * 1000 - ageMs);
  }
}
