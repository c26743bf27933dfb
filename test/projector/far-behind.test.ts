import { expect } from 'chai';
import { readPage } from '../../src/event-log/read/read-page.js';
import type { Projection } from '../../src/projections/projection.js';
import { createCheckpointFreeze } from '../../src/projector/generations/checkpoint-freeze.js';
import { projectorLimits as limits } from '../../src/projector/limits.js';
import { PartitionProjector } from '../../src/projector/partition-projector.js';
import { createProjectionStore } from '../../src/projector/projection-store.js';
import { Semaphore } from '../../src/projector/scheduling/semaphore.js';
import { createYieldToEventLoop } from '../../src/projector/scheduling/yield-to-event-loop.js';
import { appender, noteEvent, orderIdIn } from '../support/events.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';

const partitions = 4;
/** A whole step and most of another. */
const events = limits.maxStepEvents * 2 - 1;

describe('projectors that are far behind', () => {
  let log: TestLog;
  /** Events of each step of each projection, in the order in which they were folded. */
  let steps: number[];
  /** How many steps were at the semaphore, and at most inside at once. */
  let gated: number;
  let most: number;
  /** How often a step asked for its turn. */
  let turns: number;
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
    [steps, gated, most, turns] = [[], 0, 0, 0];
    let inside = 0;
    const { pool, redis, keys } = log;
    const counting = (nth: number): Projection => ({
      name: `${name}-${nth}`,
      version: 1,
      load: async () => undefined,
      project: (events) => {
        steps.push(events.length);
        return [];
      },
    });
    const semaphore = new Semaphore(2);
    const yieldToEventLoop = createYieldToEventLoop();
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
          logHeads: { heads, readHeads: async () => undefined, on: () => undefined, off: () => undefined },
          isSkipped: () => false,
          open: async (events) => [...events],
          semaphore: {
            run: (task) => {
              gated += 1;
              return semaphore.run(async () => {
                inside += 1;
                most = Math.max(most, inside);
                return task().finally(() => {
                  inside -= 1;
                });
              });
            },
          },
          semaphoreFromLag,
          yieldToEventLoop: () => {
            turns += 1;
            return yieldToEventLoop();
          },
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

  it('take few steps, a bounded number of them at once', async () => {
    await start(1, 'bounded');
    const targets = 2 * partitions;
    expect(steps.filter((count) => count === limits.maxStepEvents)).to.have.length(targets);
    expect(steps).to.have.length(2 * targets);
    expect(gated).to.be.at.least(2 * partitions);
    expect(most).to.equal(2);
  });

  it('compute large steps piece by piece: what was read, each fold, and what is written', async () => {
    await start(1, 'pieces');
    expect(turns).to.equal(2 * partitions * (1 + 2 + 1));
  });

  it('are held up by nobody once they are no longer far behind', async () => {
    await start(events, 'near');
    // The first step of each had it all before it, the second had not.
    expect(gated).to.equal(partitions);
  });
});
