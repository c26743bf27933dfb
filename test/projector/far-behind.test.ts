import { expect } from 'chai';
import { readPage } from '../../src/event-log/read/read-page.js';
import type { Projection } from '../../src/projections/projection.js';
import { createCheckpointFreeze } from '../../src/projector/generations/checkpoint-freeze.js';
import { projectorLimits as limits } from '../../src/projector/limits.js';
import { PartitionProjector } from '../../src/projector/partition-projector.js';
import { projectingFailures } from '../../src/projector/partition-projector-deps.js';
import { Semaphore } from '../../src/projector/scheduling/semaphore.js';
import { createProjectionStore } from '../../src/projector/steps/projection-store.js';
import { yieldToEventLoop } from '../../src/yield-to-event-loop.js';
import { appender, noteEvent, orderIdIn } from '../support/events.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';

const partitions = 4;
/** One whole step, and one that lacks one event. */
const events = limits.maxStepEvents * 2 - 1;

describe('far-behind projectors', () => {
  let log: TestLog;
  /** The number of events of each step of each projection, in the order of folding. */
  let steps: number[];
  /** The number of steps that passed the semaphore, and the maximum inside it at once. */
  let passed: number;
  let maxInside: number;
  /** The number of calls of yieldToEventLoop. */
  let yields: number;
  /** The state that each step was given. */
  let lastStates: unknown[];
  let projectors: PartitionProjector[];

  before(async () => {
    log = await createTestLog(partitions);
    const append = appender(log, true);
    for (let partition = 0; partition < partitions; partition += 1) {
      const orderId = orderIdIn(partition, partitions);
      for (let version = 0; version < events; ) {
        const notes = Array.from({ length: Math.min(400, events - version) }, () => noteEvent('a note'));
        await append({ orderId, expectedVersion: version, events: notes });
        version += notes.length;
      }
    }
  });
  after(() => log.close());
  afterEach(() => Promise.all(projectors.map((projector) => projector.stop())));

  function start(semaphoreFromLag: number, name: string): Promise<unknown> {
    [steps, passed, maxInside, yields, lastStates] = [[], 0, 0, 0, []];
    let inside = 0;
    const { pool, redis, keys } = log;
    const counting = (nth: number): Projection => ({
      name: `${name}-${nth}`,
      version: 1,
      load: async (_events, _key, _read, last) => {
        lastStates.push(last);
        return 'a state';
      },
      project: (events) => {
        steps.push(events.length);
        return [];
      },
    });
    const semaphore = new Semaphore(2);
    const heads = new Map(Array.from({ length: partitions }, (_, partition) => [partition, events]));
    projectors = Array.from({ length: partitions }, (_, partition) => {
      const targets = [counting(1), counting(2)].map((projection) => ({
        projection,
        id: { name: projection.name, generation: 1 },
      }));
      return new PartitionProjector(
        {
          readEvents: (...page) => readPage(pool, ...page),
          store: createProjectionStore(redis, keys),
          keys,
          checkpointFreeze: createCheckpointFreeze(redis, keys),
          fillingStore: { setFilling: async () => undefined, setFilled: async () => undefined },
          logHeads: { heads, readHeads: async () => true, on: () => undefined, off: () => undefined },
          skipped: { has: () => false, firstOf: () => undefined },
          open: async (events) => [...events],
          semaphore: {
            run: (task) => {
              passed += 1;
              return semaphore.run(async () => {
                inside += 1;
                maxInside = Math.max(maxInside, inside);
                return task().finally(() => {
                  inside -= 1;
                });
              });
            },
          },
          semaphoreFromLag,
          yieldToEventLoop: () => {
            yields += 1;
            return yieldToEventLoop();
          },
          failures: projectingFailures(silent),
          log: silent,
        },
        partition,
        targets,
      );
    });
    for (const projector of projectors) projector.start();
    return eventually('the end of the log', () =>
      projectors.every(({ checkpoints }) => [...checkpoints.values()].every((position) => position === events)),
    );
  }

  it('projectors that are far behind take large steps, a bounded number of them at once', async () => {
    await start(1, 'bounded');
    const targets = 2 * partitions;
    expect(steps.filter((count) => count === limits.maxStepEvents)).to.have.length(targets);
    expect(steps).to.have.length(2 * targets);
    expect(passed).to.be.at.least(2 * partitions);
    expect(maxInside).to.equal(2);
  });

  it('large steps yield to the event loop after reading, before each fold and before writing', async () => {
    await start(1, 'pieces');
    expect(yields).to.equal(2 * partitions * (1 + 2 + 1));
  });

  it('no state is kept for the next step while it is far behind', async () => {
    await start(1, 'state');
    expect(lastStates).to.deep.equal(lastStates.map(() => undefined));
    expect(lastStates).to.have.length(2 * 2 * partitions);
  });

  it('projectors that are not far behind do not wait for the semaphore', async () => {
    await start(events, 'near');
    // The first step of each partition lags by all events, the second one by fewer.
    expect(passed).to.equal(partitions);
  });
});
