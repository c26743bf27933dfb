import { expect } from 'chai';
import { headsChannel } from '../../src/event-log/heads/notify-heads.js';
import { getProjections } from '../../src/queries/get-projections.js';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';

describe('lost notifications', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  it('without any notification, events are projected after the next poll of the heads', async () => {
    const projector = await startProjector(log);
    const silently = appender(log, true);
    for (let nth = 0; nth < 8; nth += 1) await place(silently, orderIdIn(nth % 4, 4));
    // The heads are polled every second; the rest of the time is slack for a slow machine.
    await projected(log, 5_000);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });

  it('the listener reconnects after its connection is killed, and receives notifications again', async () => {
    const projector = await startProjector(log);
    const { rowCount } = await log.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'orders listen' and datname = current_database()`,
    );
    expect(rowCount).to.equal(1);
    const append = appender(log);
    await place(append, orderIdIn(1, 4));
    await projected(log, 5_000);
    await eventually('the listener to be back', async () => {
      const { rows } = await log.owner.query(
        `select 1 from pg_stat_activity where application_name = 'orders listen' and datname = current_database()`,
      );
      return rows.length === 1 && projector.logHeads.listening;
    });
    // No poll can know this head, so only the notification can.
    const notified = new Promise<number>((resolve) => projector.logHeads.once('moved', resolve));
    await log.owner.query('select pg_notify($1, $2)', [headsChannel(log.settings), JSON.stringify([[2, 1_000_000]])]);
    expect(await notified).to.equal(2);
    await projector.stop();
  });

  it('partitions are owned again after the ownership session is killed, and no event is lost', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    await eventually('all partitions to be owned', () => projector.projector.ownedPartitions.size === 4);
    await log.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'orders partitions' and datname = current_database()`,
    );
    await place(append, orderIdIn(1, 4));
    await projected(log);
    await eventually('all partitions to be owned again', () => projector.projector.ownedPartitions.size === 4);
    expect((await getProjections(queriesOf(log))).every(({ lag }) => lag === 0)).to.equal(true);
    await projector.stop();
  });
});
