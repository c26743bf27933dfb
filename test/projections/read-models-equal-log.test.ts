import { expect } from 'chai';
import fc from 'fast-check';
import { anyCommand } from '../support/any-command.js';
import { commandHandlers, orderIdIn, startProjector } from '../support/events.js';
import { expectIntactLog, expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('read models and the log', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(4);
  });
  after(() => log.close());

  it('the read models equal a fold of the log for every sequence of commands', async () => {
    const projector = await startProjector(log);
    const { handleCommand: handle } = commandHandlers(log);
    const accepted = { events: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCommand, { minLength: 5, maxLength: 25 }),
        fc.integer({ min: 0, max: 3 }),
        async (commands, partition) => {
          const orderId = orderIdIn(partition, 4);
          await handle({
            orderId,
            actor: 'test',
            command: {
              command: 'place',
              userId: `u-${partition}`,
              currency: 'USD',
              totalAmount: 20,
              itemIds: ['a', 'b', 'a'],
            },
          });
          for (const command of commands) {
            const outcome = await handle({ orderId, actor: 'test', command });
            if (outcome.outcome === 'handled') accepted.events += 1;
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
    expect(accepted.events).to.be.greaterThan(100);
    await projected(log);
    await expectIntactLog(log);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });
});
