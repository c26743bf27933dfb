import { expect } from 'chai';
import { AppliedPositions } from '../../src/queries/applied-positions.js';
import { ChangeFeed } from '../../src/queries/changes/change-feed.js';
import { lookUpServed } from '../../src/queries/live-generation.js';
import { orderHistory, orderHistoryKeys } from '../../src/read-models/order-history.js';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog } from '../support/servers.js';

describe('The change feed', () => {
  it('a read that ends after the last follower has left is not remembered for later followers', async () => {
    const log = await createTestLog(1);
    await place(appender(log), orderIdIn(0, 1));
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    const models = queriesOf(log);
    const feed = new ChangeFeed(models, new AppliedPositions(models, log.redis));
    const usersRead = async () => (await feed.after(0, 0)).changes.map(({ userId }) => userId);

    const unfollow = await feed.follow();
    const reading = usersRead();
    unfollow();
    expect(await reading).to.deep.equal(['u-1']);

    // An erasure rewrites the entries of its order. Nobody follows who would notice it.
    const { reader } = await lookUpServed(models, orderHistory);
    const list = orderHistoryKeys(reader.keys(0)).events(0);
    const entry = (await log.redis.lindex(list, 0)) ?? '';
    await log.redis.lset(list, 0, entry.replaceAll('u-1', '[erased]'));

    const unfollowAgain = await feed.follow();
    expect(await usersRead()).to.deep.equal(['[erased]']);
    unfollowAgain();
    await log.close();
  });
});
