import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { Cluster, Command } from 'ioredis';
import { createProjectionStore } from '../../src/projector/steps/projection-store.js';
import { fromLive } from '../../src/queries/live-generation.js';
import { createKeys } from '../../src/read-models/keys.js';
import { orderStatus } from '../../src/read-models/order-status.js';
import { ReadModelUnavailable } from '../../src/read-models/read-model-unavailable.js';
import { createRedis, type Redis } from '../../src/read-models/redis/redis-client.js';
import type { RedisCommand } from '../../src/read-models/redis/redis-command.js';
import { scanKeys } from '../../src/read-models/redis/scan.js';
import { createDataDir } from '../support/data-dir.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { expectReadModelsEqualTheLog, type ProjectedLog, projected, queriesOf } from '../support/read-models.js';
import {
  beginMove,
  type ClusterNode,
  endMove,
  isMaster,
  moveKeys,
  startCluster,
  type TestCluster,
  takeOver,
} from '../support/redis-cluster.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';
import { step } from '../support/steps.js';

const partitions = 16;

describe('a Redis Cluster of three masters and three replicas', () => {
  let folder: string;
  let cluster: TestCluster;
  let log: TestLog;
  let inCluster: ProjectedLog;
  let redis: Redis;
  let service: LocalService;
  before(async () => {
    folder = await createDataDir('redis-cluster');
    cluster = await startCluster(folder);
    log = await createTestLog(partitions);
    redis = createRedis(cluster.url);
    inCluster = { ...log, redis, redisUrl: cluster.url };
    service = await startLocalService(inCluster, { LOG_LEVEL: 'error' });
  });
  after(async () => {
    await service?.stop();
    redis?.disconnect();
    await log?.close();
    await cluster?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const order = { user_id: 'u', item_ids: ['a'], total_amount: 10 };
  /** Places orders and pays them, reads them back, and reads the metrics, until it is ended. */
  function startLoad() {
    const placed: string[] = [];
    let isOver = false;
    const workers = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const { status, body } = await call(service, 'POST', '/orders', order, { prefer: 'respond-async' });
        expect(status, 'commands do not need Redis').to.equal(201);
        placed.push(body.order_id);
        await call(service, 'POST', `/orders/${body.order_id}/pay`, {}, { prefer: 'respond-async' });
        const earlier = placed[Math.floor(placed.length / 2)];
        const read = await call(service, 'GET', `/orders/${earlier}`);
        expect(read.status).to.be.oneOf([200, 404, 503]);
        expect((await call(service, 'GET', '/orders/metrics')).status).to.be.oneOf([200, 503]);
      }
    });
    return {
      placed,
      async end() {
        isOver = true;
        await Promise.all(workers);
      },
    };
  }
  const slotOf = (partition: number) =>
    Number(new Command('get', [inCluster.keys.checkpoint({ name: 'metrics', generation: 1 }, partition)]).getSlot());

  it('serves commands and queries, and its read models equal the log', async () => {
    const load = startLoad();
    await eventually('some orders', () => load.placed.length > 100, 60_000);
    await load.end();
    await projected(inCluster);
    await expectReadModelsEqualTheLog(inCluster);
    const counts = await Promise.all(cluster.masters.map(({ client }) => client.dbsize()));
    for (const count of counts) expect(count, 'keys on each master').to.be.greaterThan(0);
    const found = new Set<string>();
    for await (const page of scanKeys(redis, `*orders:${inCluster.keys.log}:*`, 100))
      for (const key of page) found.add(key);
    expect(found.size, 'keys that are found by SCAN').to.equal(counts.reduce((sum, count) => sum + count, 0));
  });

  it('moves slots to another node under load, and the read models equal the log', async () => {
    const load = startLoad();
    const [a, b, c] = cluster.masters;
    if (!a || !b || !c) throw new Error('there are three masters');
    let moved = 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      const slot = slotOf(partition);
      const owner = cluster.masters[Math.floor((slot * 3) / 16_384)] ?? a;
      const target = owner === b ? c : b;
      await beginMove(slot, owner, target);
      await endMove(slot, owner, target, cluster);
      moved += 1;
    }
    expect(moved).to.equal(partitions);
    const placed = load.placed.length;
    await eventually('more orders', () => load.placed.length > placed + 50, 60_000);
    await load.end();
    await projected(inCluster, 60_000);
    await expectReadModelsEqualTheLog(inCluster);
    expect(service.output()).to.not.match(/a projection has stopped/);
  });

  it('applies a step as a whole or not at all while the keys of its slot are on two nodes', async () => {
    const keys = createKeys(randomUUID());
    const store = createProjectionStore(redis, keys);
    const key = keys.partition({ name: 'metrics', generation: 1 }, 0);
    const [one, other] = [key('one'), key('other')];
    const write = (value: number): RedisCommand[] => [
      ['SET', one, value],
      ['SET', other, value],
    ];
    const apply = (from: number) => store.apply(0, [step('metrics', from, from + 1, ...write(from + 1))]);
    expect(await apply(0)).to.deep.equal([{ applied: true }]);
    const slot = Number(new Command('get', [one]).getSlot());
    const from = cluster.masters[Math.floor((slot * 3) / 16_384)] ?? cluster.masters[0];
    const to = cluster.masters.find((master) => master !== from);
    if (!from || !to) throw new Error('there are three masters');
    await beginMove(slot, from, to);
    await moveKeys([other], from, to);
    const refused = await apply(1).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ReadModelUnavailable);
    expect(await redis.get(one), 'nothing was written').to.equal('1');
    await endMove(slot, from, to, cluster);
    expect(await apply(1)).to.deep.equal([{ applied: true }]);
    expect(await Promise.all([one, other].map((key) => redis.get(key)))).to.deep.equal(['2', '2']);
  });

  it('loses a master under load, its replica takes over, and the read models equal the log', async () => {
    const load = startLoad();
    await eventually('some orders', () => load.placed.length > 50, 60_000);
    const [, lost] = cluster.masters;
    const [, replica] = cluster.replicas;
    if (!lost || !replica) throw new Error('there are three masters with replicas');
    lost.server.child.process.kill('SIGKILL');
    await eventually('the replica to take over', () => isMaster(replica), 30_000);
    const failedOverMs = performance.now();
    const last = await call(service, 'POST', '/orders', order, { prefer: 'respond-async' });
    await eventually(
      'queries of every partition',
      async () =>
        (await call(service, 'GET', '/orders/metrics')).status === 200 &&
        (await call(service, 'GET', `/orders/${last.body.order_id}`)).status === 200,
      60_000,
    );
    expect(performance.now() - failedOverMs, 'until all is well').to.be.lessThan(20_000);
    await load.end();
    await projected(inCluster, 60_000);
    await expectReadModelsEqualTheLog(inCluster);
    await eventually('readiness', async () => (await call(service, 'GET', '/health/ready')).body.status === 'ready');
  });

  it('rebuilds a read model on all nodes, and removes the replaced generation from all of them', async () => {
    const before = new Set<string>();
    const pattern = inCluster.keys.pattern({ name: 'metrics', generation: 1 });
    for await (const page of scanKeys(redis, pattern, 100)) for (const key of page) before.add(key);
    expect(before.size).to.be.greaterThan(partitions);
    expect((await call(service, 'POST', '/projections/metrics/rebuild')).status).to.equal(202);
    await eventually(
      'the old generation to be removed',
      async () => {
        const left: string[] = [];
        for await (const page of scanKeys(redis, pattern, 100))
          left.push(...page.filter((key) => !key.endsWith(':checkpoint')));
        return left.length === 0;
      },
      60_000,
    );
    await expectReadModelsEqualTheLog(inCluster);
  });

  /**
   * Reads a key twice in one query. Between the first two reads, its slot fails over to `to`, while
   * the old primary stays up: no connection is lost.
   * @param noticed waits until the client knows of the failover, before the second read.
   * @returns how often the query ran.
   */
  async function readAcrossFailover(
    from: ClusterNode | undefined,
    to: ClusterNode | undefined,
    noticed: (key: string) => unknown,
  ): Promise<number> {
    if (!from || !to) throw new Error('there are three masters with replicas');
    const key = await eventually('a key on the primary', () => keyOn(from));
    let attempts = 0;
    await fromLive({ ...queriesOf(inCluster), redis }, orderStatus, async (live) => {
      attempts += 1;
      await live.read([['GET', key]]);
      if (attempts === 1) {
        await takeOver(to, from);
        await noticed(key);
      }
      await live.read([['GET', key]]);
    });
    return attempts;
  }
  /** A key that the client reads from a node. */
  const keyOn = ({ port }: ClusterNode) =>
    Array.from({ length: 100 }, (_, nth) => `key-${nth}`).find((key) => primaryOf(key).endsWith(`:${port}`));
  function primaryOf(key: string): string {
    if (!(redis instanceof Cluster)) throw new Error('the test reads from a cluster');
    return redis.slots[Number(new Command('get', [key]).getSlot())]?.[0] ?? '';
  }

  it('a query starts over if a node redirects one of its reads to a new primary', async () => {
    const { masters, replicas } = cluster;
    expect(await readAcrossFailover(masters[2], replicas[2], () => undefined)).to.be.greaterThan(1);
  });

  it('a query starts over if the client has learned meanwhile that a slot has a new primary', async () => {
    const { masters, replicas } = cluster;
    const noticed = (key: string) =>
      eventually('the new primary', () => primaryOf(key).endsWith(`:${masters[2]?.port}`));
    expect(await readAcrossFailover(replicas[2], masters[2], noticed)).to.be.greaterThan(1);
  });
});
