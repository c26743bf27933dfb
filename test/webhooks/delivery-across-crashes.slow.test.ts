import { expect } from 'chai';
import { startReceiver } from '../support/receiver.js';
import { createTestLog, eventually } from '../support/servers.js';
import { call, startService } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const env = { ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes', LOG_LEVEL: 'silent' };

describe('delivery of webhooks across crashes', () => {
  it('each event is delivered at least once, in order per order, while processes are killed', async () => {
    const log = await createTestLog(4);
    const receiver = await startReceiver();
    const start = () => startService(log, env);
    const writer = await startService(log, { ...env, ORDERS_ROLES: 'api' });
    const { webhook_id: id } = (await call(writer, 'POST', '/webhooks', { url: `${receiver.url}/hook` })).body;
    // The receiver is slow and sometimes fails: attempts are in flight when their process dies.
    receiver.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
      return Math.random() < 0.1 ? 500 : 204;
    };
    const services = [await start(), await start()];
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(
        Array.from({ length: 25 }, async () => {
          const { body } = await call(writer, 'POST', '/orders', order, { prefer: 'respond-async' });
          await call(writer, 'POST', `/orders/${body.order_id}/pay`, undefined, { prefer: 'respond-async' });
          await call(writer, 'POST', `/orders/${body.order_id}/process`, undefined, { prefer: 'respond-async' });
        }),
      );
      services[round % 2]!.kill('SIGKILL');
      services[round % 2] = await start();
    }
    await eventually(
      'all to be delivered',
      async () => {
        await log.owner.query(`update webhook_deliveries set next_attempt_at = now() where state = 'pending'`);
        const { pending, lag } = (await call(writer, 'GET', `/webhooks/${id}`)).body;
        return pending === 0 && lag === 0;
      },
      60_000,
    );
    const firsts = new Map<string, number[]>();
    for (const { event, status } of receiver.received) {
      const versions = firsts.get(event.order_id) ?? [];
      firsts.set(event.order_id, versions);
      if (status < 300 && !versions.includes(event.version)) versions.push(event.version);
    }
    expect(firsts.size).to.equal(100);
    for (const versions of firsts.values()) expect(versions).to.deep.equal([1, 2, 3]);
    for (const one of [...services, writer]) one.kill('SIGKILL');
    receiver.stop();
    await log.close();
  });
});
