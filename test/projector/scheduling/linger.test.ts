import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { AppendEvents } from '../../../src/event-log/append/append.js';
import { createAppender } from '../../../src/event-log/append/group-commit.js';
import { RecentEvents } from '../../../src/event-log/append/recent-events.js';
import { readPartition } from '../../../src/event-log/read/read-partition.js';
import type { Projection } from '../../../src/projections/projection.js';
import { createCheckpointFreeze } from '../../../src/projector/generations/checkpoint-freeze.js';
import { PartitionProjector } from '../../../src/projector/partition-projector.js';
import { projectingFailures } from '../../../src/projector/partition-projector-deps.js';
import { Semaphore } from '../../../src/projector/scheduling/semaphore.js';
import { createProjectionStore } from '../../../src/projector/steps/projection-store.js';
import { yieldToEventLoop } from '../../../src/yield-to-event-loop.js';
import { appender, orderIdIn, place } from '../../support/events.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';

const partition = 1;
const never = 1_000_000_000;

describe('lingering', () => {
  let log: TestLog;
  let projector: PartitionProjector;
  /** The number of events of each step. */
  let steps: number[];
  let heads: Map<number, number>;
  let moves: EventEmitter<{ moved: [partition: number] }>;
  let here: AppendEvents;
  let elsewhere: AppendEvents;

  beforeEach(async () => {
    log = await createTestLog(4);
    steps = [];
    heads = new Map();
    moves = new EventEmitter();
    const { pool, redis, keys, settings } = log;
    const recentEvents = new RecentEvents(4);
    const moved = (head: { partition: number; position: number }) => {
      heads.set(head.partition, head.position);
      moves.emit('moved', head.partition);
    };
    here = createAppender(pool, settings, {
      onCommitted: (committed) => recentEvents.add(committed),
      onHeadMoved: moved,
    }).append;
    const append = appender(log, true);
    elsewhere = async (event) => {
      const result = await append(event);
      if (result.appended) moved(result);
      return result;
    };
    const counting: Projection = {
      name: 'counting',
      version: 1,
      load: async () => undefined,
      project: (events) => {
        steps.push(events.length);
        return [];
      },
    };
    projector = new PartitionProjector(
      {
        readEvents: (...page) => readPartition(pool, ...page),
        recentEvents,
        store: createProjectionStore(redis, keys),
        keys,
        checkpointFreeze: createCheckpointFreeze(redis, keys),
        fillingStore: { setFilling: async () => undefined, setFilled: async () => undefined },
        logHeads: {
          heads,
          readHeads: async () => true,
          on: (event, listener) => moves.on(event, listener),
          off: (event, listener) => moves.off(event, listener),
        },
        skipped: { has: () => false, firstOf: () => undefined },
        open: async (events) => [...events],
        semaphore: new Semaphore(1),
        semaphoreFromLag: 500,
        yieldToEventLoop,
        // The delay is so long that a step can only be taken for another reason than its end.
        linger: { isBusy: () => true, lingerMs: never },
        failures: projectingFailures(silent),
        log: silent,
      },
      partition,
      [{ projection: counting, id: { name: 'counting', generation: 1 } }],
    );
    projector.start();
    // The first step is taken at once. After it the projector lingers.
    await place(here, orderIdIn(partition, 4));
    await reached(1);
  });
  afterEach(async () => {
    await projector.stop();
    await log.close();
  });

  const reached = (position: number) =>
    eventually(`position ${position}`, () => projector.checkpoints.get('counting') === position);
  async function placeHere(count: number): Promise<void> {
    for (let nth = 0; nth < count; nth += 1) await place(here, orderIdIn(partition, 4));
  }

  it('a busy process delays a step over its own events until a request waits for one of them', async () => {
    await placeHere(5);
    expect(steps).to.deep.equal([1]);
    projector.flushUpTo(4);
    await reached(6);
    expect(steps).to.deep.equal([1, 5]);
  });

  it('a busy process does not delay a step over an event that a request waits for already', async () => {
    projector.flushUpTo(2);
    await placeHere(1);
    await reached(2);
  });

  it('a busy process does not delay a step over events of other processes', async () => {
    await placeHere(2);
    await place(elsewhere, orderIdIn(partition, 4));
    await reached(4);
    expect(steps.reduce((sum, count) => sum + count, 0)).to.equal(4);
  });

  it('a delayed step does not keep the process from stopping', async () => {
    await placeHere(1);
    await projector.stop();
    expect(steps).to.deep.equal([1]);
  });
});
