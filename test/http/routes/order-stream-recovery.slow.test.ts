import { expect } from 'chai';
import { queryLimits } from '../../../src/queries/limits.js';
import { type Message, openStream } from '../../support/event-stream.js';
import { streamsOf } from '../../support/open-streams.js';
import { createTestLog, eventually } from '../../support/servers.js';
import { call, startService } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('GET /orders/stream after failures', () => {
  it('a reader misses nothing and gets nothing twice over reconnects, killed processes, takeovers and a rebuild', async () => {
    const log = await createTestLog(4);
    const start = () => startService(log, { LOG_LEVEL: 'silent' });
    const writer = await startService(log, { ORDERS_ROLES: 'api', LOG_LEVEL: 'silent' });
    const services = [await start(), await start()];
    const received: string[] = [];
    let lastId = '';
    let connections = 0;
    let reading = true;

    // The reader disconnects again and again, and reconnects to another process.
    const read = async () => {
      while (reading) {
        const target = services[connections % services.length]!;
        connections += 1;
        let left = 1 + Math.floor(Math.random() * 25);
        try {
          const reader = await openStream(
            `${target.url}/orders/stream`,
            lastId === '' ? {} : { 'last-event-id': lastId },
            (message, self) => {
              received.push((JSON.parse(message.data) as { position: string }).position);
              lastId = message.id ?? '';
              left -= 1;
              if (left === 0) self.close();
            },
          );
          const idle = setTimeout(() => reader.close(), 1_500);
          await reader.ended;
          clearTimeout(idle);
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    // The first connection starts at the end of the log. The order gives it an id to resume from.
    const reading1 = read();
    await eventually('the reader to be there', async () => (await streamsOf(services[0]!)) === 1);
    await eventually('the first change', async () => {
      await call(writer, 'POST', '/orders', order);
      return lastId !== '';
    });
    const first = received[0];

    for (let round = 0; round < 6; round += 1) {
      const writes = Array.from({ length: 40 }, async () => {
        const { body } = await call(writer, 'POST', '/orders', order, { prefer: 'respond-async' });
        await call(writer, 'POST', `/orders/${body.order_id}/pay`, undefined, { prefer: 'respond-async' });
      });
      if (round === 1 || round === 4) services[round % 2]!.kill('SIGKILL');
      if (round === 2) await call(writer, 'POST', '/projections/order-history/rebuild');
      await Promise.all(writes);
      if (round === 2 || round === 5) services[(round - 1) % 2] = await start();
    }

    const { rows } = await log.owner.query<{ eventPosition: string }>(
      `select partition || ':' || "position" as "eventPosition" from events order by partition, "position"`,
    );
    const all = rows.map(({ eventPosition }) => eventPosition);
    await eventually(
      'all that was written',
      () => received.length >= all.length - all.indexOf(first ?? '') - 10 && new Set(received).size >= 480,
      60_000,
    );
    await eventually(
      'the end of each partition',
      () => {
        const heads = new Set(
          all.filter((position, index) => position.split(':')[0] !== all[index + 1]?.split(':')[0]),
        );
        return [...heads].every((head) => received.includes(head));
      },
      60_000,
    );
    reading = false;
    for (const one of services) one.kill('SIGKILL');
    await reading1;
    writer.kill('SIGKILL');

    expect(connections).to.be.greaterThan(10);
    expect(received.length, 'nothing twice').to.equal(new Set(received).size);
    for (let partition = 0; partition < 4; partition += 1) {
      const positions = received
        .filter((position) => position.startsWith(`${partition}:`))
        .map((position) => Number(position.split(':')[1]));
      const [from = 0] = positions;
      expect(positions, `partition ${partition} in order, without a gap`).to.deep.equal(
        Array.from({ length: positions.length }, (_, nth) => from + nth),
      );
      expect(positions.at(-1)).to.equal(all.filter((position) => position.startsWith(`${partition}:`)).length);
    }
    await log.close();
  });
});

describe('GET /orders/stream without read models', () => {
  it('a reader waits until lost read models are rebuilt, and then misses nothing, whether it stayed or resumed', async () => {
    // More changes in one partition than a process keeps in memory for its readers.
    const log = await createTestLog(1);
    const placed = queryLimits.maxKeptChanges + 200;
    const env = { LOG_LEVEL: 'silent' };
    const api = await startService(log, { ...env, ORDERS_ROLES: 'api' });
    const projector = await startService(log, { ...env, ORDERS_ROLES: 'projector' });
    const following = await openStream(`${api.url}/orders/stream`);
    // In groups, so that the limit of requests in flight is not reached.
    for (let nth = 0; nth < placed; nth += 100) {
      await Promise.all(Array.from({ length: 100 }, () => call(api, 'POST', '/orders', order)));
    }
    await eventually('all', () => following.messages.length === placed);
    // Redis is empty and no projector runs. The process still remembers the read model's position.
    await projector.stop();
    await log.redis.flushall();
    const resumed = await openStream(`${api.url}/orders/stream`, { 'last-event-id': following.messages[0]?.id ?? '' });
    await call(api, 'POST', '/orders', order, { prefer: 'respond-async' });
    const again = await startService(log, { ...env, ORDERS_ROLES: 'projector' });
    await eventually(
      'the new one',
      () => following.messages.length === placed + 1 && resumed.messages.length === placed,
      30_000,
    );
    const positions = (messages: readonly Message[]) =>
      messages.map(({ data }) => (JSON.parse(data) as { position: string }).position);
    expect(new Set(positions(following.messages)).size).to.equal(placed + 1);
    expect(new Set([positions(following.messages)[0], ...positions(resumed.messages)]).size).to.equal(placed + 1);
    for (const reader of [following, resumed]) reader.close();
    await Promise.all([api.stop(), again.stop()]);
    await log.close();
  });
});
