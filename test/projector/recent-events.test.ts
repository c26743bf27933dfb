import { expect } from 'chai';
import fc from 'fast-check';
import type pg from 'pg';
import type { AppendEvents, CommittedEvents } from '../../src/event-log/append/append.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { createHeadsNotifier } from '../../src/event-log/heads/notify-heads.js';
import { allProjections } from '../../src/projections/all-projections.js';
import type { Projection } from '../../src/projections/projection.js';
import { metricsKeys } from '../../src/read-models/metrics.js';
import { appender, noteEvent, orderIdIn, place, recorder, startProjector } from '../support/events.js';
import { expectIntactLog, expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { liveKeys, restoreKeys, snapshotKeys } from '../support/redis-keys.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';

type Running = Awaited<ReturnType<typeof startProjector>>;

describe('events that a process appends itself', () => {
  let log: TestLog;
  let running: Running;
  /** The names of the statements that were sent to PostgreSQL. */
  let statements: string[];
  beforeEach(async () => {
    log = await createTestLog(4);
    statements = [];
    const query = log.pool.query.bind(log.pool) as (...args: unknown[]) => Promise<pg.QueryResult>;
    log.pool.query = ((config: string | pg.QueryConfig, ...rest: unknown[]) => {
      if (typeof config === 'object') statements.push(config.name ?? '');
      return query(config, ...rest);
    }) as typeof log.pool.query;
  });
  afterEach(async () => {
    await running.stop();
    await log.close();
  });

  /** Starts a projector that owns all partitions and fills them. */
  async function start(projections?: readonly Projection[]): Promise<void> {
    running = await startProjector(log, projections);
    await eventually('all partitions to be filled', () => running.projector.lags().length >= 4 * allProjections.length);
  }
  /** Appends like the service: its own projector gets the events, other ones a notification. */
  function appendHere(
    change: (committed: CommittedEvents) => CommittedEvents = (committed) => committed,
  ): AppendEvents {
    return createAppender(log.pool, log.settings, {
      onCommitted: (committed) => running.projector.addCommitted(change(committed)),
      onHeadMoved: createHeadsNotifier(log.pool, log.settings, silent),
    }).append;
  }
  const reads = () => statements.filter((name) => name.startsWith('read-partition')).length;

  it('a projector takes the events of its own process from memory and does not read them from the log', async () => {
    await start();
    const append = appendHere();
    const before = reads();
    const ids = Array.from({ length: 60 }, (_, nth) => orderIdIn(nth % 4, 4));
    for (const id of ids) await place(append, id);
    for (const orderId of ids.slice(0, 8))
      await append({ orderId, expectedVersion: 1, events: [noteEvent('a'), noteEvent('b')] });
    await projected(log);
    // An event is read from the log if the poll of the heads sees it before its append returns.
    expect(reads() - before, 'reads of the log for 68 appends').to.be.at.most(8);
    await expectReadModelsEqualTheLog(log);
  });

  it('a projector reads events from the log if those in memory are not the ones of the log', async () => {
    await start();
    const append = appendHere((committed) => ({
      ...committed,
      events: committed.events.map((event) => ({
        ...event,
        data: event.data.replace('"total_minor":1000', '"total_minor":9'),
      })),
    }));
    const before = reads();
    for (let nth = 0; nth < 8; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    expect(reads() - before).to.be.greaterThan(0);
    await expectReadModelsEqualTheLog(log);
  });

  it('a projector skips and repeats nothing when other processes append in between', async () => {
    const seen = new Map<number, number[]>();
    await start([...allProjections, recorder(seen)]);
    const here = appendHere();
    const elsewhere = appender(log);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ own: fc.boolean(), partition: fc.nat(3), burst: fc.integer({ min: 1, max: 4 }) }), {
          minLength: 5,
          maxLength: 30,
        }),
        async (bursts) => {
          await Promise.all(
            bursts.map(async ({ own, partition, burst }) => {
              for (let nth = 0; nth < burst; nth += 1) await place(own ? here : elsewhere, orderIdIn(partition, 4));
            }),
          );
        },
      ),
      { numRuns: 15, endOnFailure: true },
    );
    await projected(log);
    await eventually('the last events', async () => {
      const { rows } = await log.owner.query('select partition, head from partition_heads');
      return rows.every(({ partition, head }) => (seen.get(partition)?.length ?? 0) === Number(head));
    });
    for (const positions of seen.values()) expect(positions).to.deep.equal(positions.map((_, nth) => nth + 1));
    await expectIntactLog(log);
    await expectReadModelsEqualTheLog(log);
  });

  it('a projection does not build on its last state when Redis has come back older', async () => {
    await start();
    const append = appendHere();
    const ids = Array.from({ length: 8 }, (_, nth) => orderIdIn(nth % 4, 4));
    for (const id of ids) await place(append, id);
    await projected(log);
    const older = await snapshotKeys(log);
    for (const orderId of ids) await append({ orderId, expectedVersion: 1, events: [noteEvent('later')] });
    await projected(log);
    // The older state appears at once, as after a restart from an older file.
    const names = Object.keys(await snapshotKeys(log));
    await log.redis.unlink(...names);
    await restoreKeys(log, older);
    for (const orderId of ids) await append({ orderId, expectedVersion: 2, events: [noteEvent('after')] });
    await projected(log);
    await expectReadModelsEqualTheLog(log);
  });

  it('a read model that Redis refuses blocks no other one, and continues once Redis accepts it', async () => {
    await start();
    const append = appendHere();
    await place(append, orderIdIn(1, 4));
    await projected(log);
    // A key of another type is where metrics writes, and where it reads on its retry.
    const figures = metricsKeys(liveKeys(log, 'metrics', 1)).figures('USD');
    const before = await log.redis.hgetall(figures);
    await log.redis.del(figures);
    await log.redis.set(figures, 'in the way');
    const checkpoint = async (name: string) =>
      Number.parseInt((await log.redis.get(log.keys.checkpoint({ name, generation: 1 }, 1))) ?? '0', 10);
    for (const position of [2, 3]) {
      await place(append, orderIdIn(1, 4));
      for (const name of ['order-status', 'order-history'])
        await eventually(`${name} to continue`, async () => (await checkpoint(name)) === position);
    }
    expect(await checkpoint('metrics')).to.equal(1);
    await log.redis.del(figures);
    await log.redis.hset(figures, before);
    await projected(log);
    await expectReadModelsEqualTheLog(log);
  });
});
