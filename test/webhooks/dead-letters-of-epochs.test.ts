import { expect } from 'chai';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { startEpoch } from '../../src/event-log/operators/start-epoch.js';
import { createWebhookStore } from '../../src/webhooks/webhook-store.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('Dead letters after a restore', () => {
  it('they name the epoch of their event, and an event that was lost is not taken for another', async () => {
    const log = await createTestLog(1);
    await place(appender(log), orderIdIn(0, 1));
    const epoch = await startEpoch(log.databaseUrl, { actor: 'test', reason: 'test', lost: null, resetClock: false });
    const renewed = createAppender(log.pool, log.settings, {}, { epoch, position: () => 0, maxClockBehindMs: 1_000 });
    await place(renewed.append, orderIdIn(0, 1));
    const store = createWebhookStore(log.pool);
    const id = (await store.create('https://shop.example/', undefined, 'test'))?.webhook_id ?? '';
    await store.setState(id, 'paused');
    // The operator event at position 2 is no order's.
    await log.owner.query(
      `insert into webhook_deliveries (partition, webhook_id, position, order_id, type, state, attempts,
         first_attempt_at, last_attempt_at, last_error)
       select partition, $1, "position", order_id, type, 'dead', 1, now(), now(), 'failed' from events
       where "position" <> 2`,
      [id],
    );
    const service = await startLocalService(log);
    const list = async (query: string) => (await call(service, 'GET', `/webhooks/${id}/dead-letters?${query}`)).body;
    const replay = (event: string) => call(service, 'POST', `/webhooks/${id}/dead-letters/replay`, { event });
    const second = `0:3@${epoch}`;
    const events = (await list('')).dead_letters.map(({ event }) => event);
    expect(events).to.deep.equal(['0:1', second]);
    expect((await list('limit=1')).next_after).to.equal('0:1');
    expect((await list('after=0:1')).dead_letters.map(({ event }) => event)).to.deep.equal([second]);
    expect((await list(`after=${second}`)).dead_letters).to.deep.equal([]);

    const lost = await replay('0:3');
    expect([lost.status, lost.problem.type]).to.deep.equal([410, '/problems/position-lost']);
    expect((await replay(second)).body).to.deep.equal({ replayed: 1 });

    const listed = await runOrders(log, ['webhooks', 'dead-letters', id]);
    expect(JSON.parse(listed.stdout).event).to.equal('0:1');
    const refused = await runOrders(log, ['webhooks', 'replay', id, '--event', '0:3']);
    expect(refused.output).to.match(/the event at 0:3 was lost: the log is in epoch 2-/);
    await service.stop();
    await log.close();
  });
});
