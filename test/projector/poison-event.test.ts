import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import type { Projection } from '../../src/projections/projection.js';
import { getProjections } from '../../src/queries/get-projections.js';
import { appender, event, orderIdIn, place, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';

describe('a poison event', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  it('a poison event stops its projection in its partition, at that event, and nothing else', async () => {
    const poisoned = orderIdIn(2, 4);
    const append = appender(log);
    for (const orderId of [orderIdIn(2, 4), orderIdIn(2, 4), poisoned, orderIdIn(2, 4), orderIdIn(1, 4)])
      await place(append, orderId);
    const broken = allProjections.map((projection) =>
      projection.name === 'metrics' ? failingOn(projection, poisoned) : projection,
    );
    const projector = await startProjector(log, broken);

    const [stopped] = await eventually(
      'the projection to stop',
      () => projector.projector.stoppedProjections().length === 1 && projector.projector.stoppedProjections(),
    );
    expect(stopped).to.deep.include({ partition: 2, projection: 'metrics' });
    expect(stopped?.stopped).to.deep.include({
      position: 3,
      orderId: poisoned,
      type: 'OrderPlaced',
      error: 'a bug in the fold',
    });

    const states = await eventually('the report', async () => {
      const projections = await getProjections(queriesOf(log));
      return projections.find(({ name }) => name === 'metrics')?.state === 'stopped' && projections;
    });
    const checkpoints = Object.fromEntries(
      states.map(({ name, partitions }) => [name, partitions.map(({ checkpoint }) => checkpoint)]),
    );
    expect(checkpoints).to.deep.equal({
      'order-status': [0, 1, 4, 0],
      'order-history': [0, 1, 4, 0],
      'order-lookup': [0, 1, 4, 0],
      metrics: [0, 1, 2, 0],
    });
    await projector.stop();

    // After a fix of the bug, the next start continues at the event.
    const fixed = await startProjector(log);
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await fixed.stop();
  });

  it('an event that no code can read stops every projection in its partition, and none in other ones', async () => {
    const append = appender(log);
    const orderId = orderIdIn(2, 4);
    await place(append, orderId);
    await append({ orderId, expectedVersion: 1, events: [event('OrderTeleported', {})] });
    await place(append, orderIdIn(3, 4));
    const projector = await startProjector(log);
    const stopped = await eventually(
      'all projections to stop',
      () =>
        projector.projector.stoppedProjections().length === allProjections.length &&
        projector.projector.stoppedProjections(),
    );
    expect(stopped.map(({ partition, stopped: { position, error } }) => [partition, position, error])).to.deep.equal(
      Array.from(allProjections, () => [
        2,
        2,
        'unknown event type "OrderTeleported": was it written by a newer version?',
      ]),
    );
    await eventually('the other partition', async () =>
      (await getProjections(queriesOf(log))).every(({ partitions }) => partitions[3]?.checkpoint === 1),
    );
    await projector.stop();
  });

  function failingOn(projection: Projection, orderId: string): Projection {
    return {
      ...projection,
      project(events, key, state) {
        if (events.some(({ event: { orderId: id } }) => id === orderId)) throw new Error('a bug in the fold');
        return projection.project(events, key, state);
      },
    };
  }
});
