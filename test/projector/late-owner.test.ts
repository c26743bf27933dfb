import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { snapshotKeys } from '../support/redis-keys.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('a late owner', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());
  let sleepOnce: () => Promise<void> = async () => undefined;

  it('an owner that slept between fold and step writes nothing once another owner has continued', async () => {
    const append = appender(log);
    for (let nth = 0; nth < 5; nth += 1) await place(append, orderIdIn(1, 4));
    let wakeSleeper = () => undefined as unknown;
    const asleep = new Promise<void>((fellAsleep) => {
      sleepOnce = async () => {
        fellAsleep();
        await new Promise((wake) => {
          wakeSleeper = () => wake(undefined);
        });
      };
    });
    const sleeper = await startProjector(
      log,
      allProjections.map((projection) => ({
        ...projection,
        async load(events, key, read) {
          const state = await projection.load(events, key, read);
          await sleepOnce();
          return state;
        },
      })),
    );
    await asleep;
    // Its session ends, like that of a stopped process. The sleeper does not notice that another
    // owner takes over.
    const successor = await startProjector(log);
    await log.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'orders partitions' and datname = current_database() order by backend_start limit 1`,
    );
    for (let nth = 0; nth < 20; nth += 1) await place(append, orderIdIn(1, 4));
    await projected(log);
    const before = await snapshotKeys(log);

    sleepOnce = async () => undefined;
    wakeSleeper();
    await place(append, orderIdIn(2, 4));
    await projected(log);
    const after = await snapshotKeys(log);
    for (const [key, content] of Object.entries(before)) {
      if (key.includes(':1}:')) expect(after[key], key).to.deep.equal(content);
    }
    await expectReadModelsEqualTheLog(log);
    await successor.stop();
    await sleeper.stop();
  });
});
