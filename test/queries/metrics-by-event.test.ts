import { expect } from 'chai';
import { exactJson } from '../../src/queries/exact-json.js';
import { getMetrics } from '../../src/queries/get-metrics.js';
import { commandHandlers, orderIdIn, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../support/read-models.js';
import { createTestLog } from '../support/servers.js';

describe('metrics by event', () => {
  it('a month that is over keeps its figures when its orders are cancelled, amended or refunded later', async () => {
    const log = await createTestLog(4);
    const { stop } = await startProjector(log);
    try {
      const { handleCommand } = commandHandlers(log);
      const handle = async (
        orderId: string,
        occurredAt: string,
        command: Parameters<typeof handleCommand>[0]['command'],
      ) => {
        const outcome = await handleCommand({ orderId, actor: 'test', command, occurredAt });
        expect(outcome.outcome).to.equal('handled');
      };
      const [one, other] = [orderIdIn(1, 4), orderIdIn(2, 4)];
      for (const [orderId, totalAmount] of [
        [one, 30],
        [other, 50],
      ] as const) {
        const itemIds = ['a', 'a', 'b'];
        const command = { command: 'place', userId: 'u', currency: 'USD', totalAmount, itemIds } as const;
        await handle(orderId, '2026-01-10T10:00:00.000Z', command);
        await handle(orderId, '2026-01-31T23:50:00.000Z', { command: 'pay' });
      }
      const months = async () => {
        await projected(log);
        const found = await getMetrics(queriesOf(log), { currency: 'USD', interval: 'month', byEvent: true });
        const { series } = JSON.parse(exactJson(found)) as { series: Record<string, object | number | string>[] };
        return series.map(({ start, orders, cancelled_orders, units, revenue }) => {
          const { gross, cancelled, refunded, net, cash } = revenue as Record<string, number>;
          return [String(start).slice(0, 7), orders, cancelled_orders, units, gross, cancelled, refunded, net, cash];
        });
      };
      const january = ['2026-01', 2, 0, 6, 80, 0, 0, 80, 80];
      expect(await months()).to.deep.equal([january]);
      const reason = 'r';
      await handle(one, '2026-02-02T00:00:00.000Z', { command: 'amend', itemIds: ['a'], totalAmount: 20, reason });
      await handle(other, '2026-03-01T00:00:00.000Z', { command: 'refund', amount: 5, reason });
      await handle(other, '2026-03-02T00:00:00.000Z', { command: 'cancel', reason });
      await handle(other, '2026-03-03T00:00:00.000Z', { command: 'refund', reason });
      expect(await months()).to.deep.equal([
        january,
        ['2026-02', 0, 0, -2, -10, 0, 0, -10, 0],
        // The cancellation takes the refunded amount over: the whole order is cancelled.
        ['2026-03', 0, 1, 0, 0, 50, 0, -50, -50],
      ]);
      const { revenue } = JSON.parse(exactJson(await getMetrics(queriesOf(log), { currency: 'USD' })));
      const byEvent = JSON.parse(exactJson(await getMetrics(queriesOf(log), { currency: 'USD', byEvent: true })));
      expect(byEvent.revenue).to.deep.equal(revenue);
      await expectReadModelsEqualTheLog(log);
    } finally {
      await stop();
      await log.close();
    }
  });
});
