import { expect } from 'chai';
import { readChanges } from '../../src/queries/changes/read-changes.js';
import { lookUpServed } from '../../src/queries/live-generation.js';
import { orderHistory, orderHistoryKeys } from '../../src/read-models/order-history.js';
import { ReadModelUnavailable } from '../../src/read-models/read-model-unavailable.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('readChanges', () => {
  let log: TestLog;

  beforeEach(async () => {
    log = await createTestLog(1);
  });

  afterEach(() => log.close());

  it('a feed whose read model has lost the first event of an order fails, rather than wait for it', async () => {
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
  });

  it('no change is skipped if Redis comes back with an older state between two reads', async () => {
    const append = appender(log);
    for (let nth = 0; nth < 3; nth += 1) await place(append, orderIdIn(0, 1));
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    const models = queriesOf(log);
    const { reader } = await lookUpServed(models, orderHistory);
    const checkpoint = log.keys.checkpoint(reader.id, 0);
    const list = orderHistoryKeys(reader.keys(0)).events(0);
    const newer = { checkpoint: (await log.redis.get(checkpoint)) ?? '', last: (await log.redis.rpop(list)) ?? '' };
    await log.redis.rpush(list, newer.last);
    const older: typeof models = {
      ...models,
      readRanges: async (keys, args) => {
        await log.redis.set(checkpoint, newer.checkpoint.replace(/^3/, '2'));
        await log.redis.rpop(list);
        return models.readRanges(keys, args);
      },
      served: new Map(),
    };
    expect(await readChanges(older, 0, 1, 3)).to.deep.equal({ changes: [], upTo: 1 });
    expect((await readChanges(models, 0, 1, 3)).upTo, 'what the older state has').to.equal(2);
    await log.redis.rpush(list, newer.last);
    await log.redis.set(checkpoint, newer.checkpoint);
    const { changes, upTo } = await readChanges(models, 0, 1, 3);
    expect([changes.map(({ position }) => position), upTo]).to.deep.equal([[2, 3], 3]);
  });
});
