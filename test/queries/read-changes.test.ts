import { expect } from 'chai';
import { readChanges } from '../../src/queries/changes/read-changes.js';
import { lookUpServed } from '../../src/queries/live-generation.js';
import { orderHistory, orderHistoryKeys } from '../../src/read-models/order-history.js';
import { ReadModelUnavailable } from '../../src/read-models/read-model-unavailable.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog } from '../support/servers.js';

describe('readChanges', () => {
  it('a feed whose read model has lost the first event of an order fails, rather than wait for it', async () => {
    const log = await createTestLog(1);
    const append = appender(log);
    const orderId = orderIdIn(0, 1);
    await place(append, orderId);
    const events = Array.from({ length: 299 }, (_, nth) => noteEvent(`${nth}`));
    await append({ orderId, expectedVersion: 1, events });
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    const models = queriesOf(log);
    expect((await readChanges(models, 0, 256, 300)).changes.length).to.be.greaterThan(0);
    const { reader } = await lookUpServed(models, orderHistory);
    await log.redis.del(orderHistoryKeys(reader.keys(0)).events(0));
    const failure = await readChanges(models, 0, 256, 300).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ReadModelUnavailable);
    await log.close();
  });
});
