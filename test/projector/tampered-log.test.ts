import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import { getProjections } from '../../src/queries/get-projections.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { queriesOf } from '../support/read-models.js';
import { createTestLog, eventually } from '../support/servers.js';

describe('a log with a changed event', () => {
  const changes = {
    'an event that was changed': `update events set data = '{"text":"forged"}' where "position" = 5`,
    'an event that is missing': `delete from events where "position" = 5`,
  };
  const cases = Object.entries(changes).flatMap(([what, sql]) => [10, 600].map((events) => ({ what, sql, events })));
  for (const { what, sql, events } of cases) {
    it(`a projector stops at ${what}, wherever it is in a page (${events} events)`, async () => {
      const log = await createTestLog(1);
      const append = appender(log, true);
      const orderId = orderIdIn(0, 1);
      await place(append, orderId);
      await append({
        orderId,
        expectedVersion: 1,
        events: Array.from({ length: events - 1 }, (_, nth) => noteEvent(`${nth}`)),
      });
      await log.owner.query('alter table events disable trigger all');
      await log.owner.query(sql);
      const { projector, stop } = await startProjector(log);
      await eventually(
        'all projections to stop',
        () => projector.stoppedProjections().length === allProjections.length,
      );
      const [stopped] = projector.stoppedProjections();
      expect(stopped?.stopped.error).to.match(/not the one that this read model was built from/);
      const checkpoints = (await getProjections(queriesOf(log))).map(({ partitions: [one] }) => one?.checkpoint);
      expect(checkpoints).to.deep.equal(allProjections.map(() => 4));
      await stop();
      await log.close();
    });
  }
});
