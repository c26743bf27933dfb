import { expect } from 'chai';
import fc from 'fast-check';
import { timeZone } from '../../src/orders/values/time-zone.js';
import { exactJson } from '../../src/queries/exact-json.js';
import { getMetrics } from '../../src/queries/get-metrics.js';
import { quarterMs } from '../../src/read-models/figure-fields.js';
import { appender, event, orderIdIn, placedEvent, startProjector } from '../support/events.js';
import { startLocalService } from '../support/local-service.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('metrics in a time zone', () => {
  let log: TestLog;
  /** The times of the orders; the nth has a total of nth minor units. */
  let times: number[];
  before(async () => {
    log = await createTestLog(4);
    const append = appender(log);
    const minute = 60_000;
    // Around the changes of clocks in Berlin, half a quarter of an hour apart, then over the year.
    const around = (text: string) =>
      Array.from({ length: 60 }, (_, nth) => Date.parse(text) + (nth - 30) * 52 * minute);
    const overTheYear = Array.from({ length: 80 }, (_, nth) => Date.UTC(2026, 0, 1) + nth * 6_571 * minute);
    times = [...around('2026-03-29T01:00Z'), ...around('2026-10-25T01:00Z'), ...overTheYear];
    for (const [nth, ms] of times.entries()) {
      const [occurredAt, shippedAt] = [ms, ms + nth * minute].map((one) => new Date(one).toISOString());
      const shipped = { items: [{ item_id: 'a', quantity: 1 }], carrier: null, tracking_number: null };
      await append({
        orderId: orderIdIn(nth % 4, 4),
        expectedVersion: 0,
        events: [
          { ...placedEvent('u-1', nth), occurredAt: occurredAt ?? '' },
          { ...event('OrderProcessingStarted', {}), occurredAt: shippedAt ?? '' },
          { ...event('OrderShipped', shipped), occurredAt: shippedAt ?? '' },
        ],
      });
    }
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
  });
  after(() => log.close());

  async function series(zone: string, interval: 'day' | 'month' | 'hour') {
    const found = await getMetrics(queriesOf(log), { currency: 'USD', interval, zone: timeZone(zone) });
    if (typeof found === 'string') throw new Error(found);
    return JSON.parse(exactJson(found)) as { series: { start: string; orders: number; revenue: { gross: number } }[] };
  }

  /** Sums by the local date, by a formatter of Intl alone. */
  function expectedSums(zone: string, length: number): Map<string, string> {
    const format = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
    const sums = new Map<string, [number, number]>();
    for (const [nth, ms] of times.entries()) {
      const local = format.format(ms).slice(0, length);
      const [orders, gross] = sums.get(local) ?? [0, 0];
      sums.set(local, [orders + 1, gross + nth]);
    }
    return new Map([...sums].map(([local, [orders, gross]]) => [local, `${orders} ${gross}`]));
  }

  const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe'];
  for (const zone of zones) {
    it(`each order is in its day and month of ${zone}, to the cent`, async () => {
      for (const [interval, length] of [
        ['day', 10],
        ['month', 7],
      ] as const) {
        const format = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
        const found = new Map<string, string>();
        for (const { start, orders, revenue } of (await series(zone, interval)).series) {
          if (orders === 0) continue;
          found.set(format.format(Date.parse(start)).slice(0, length), `${orders} ${Math.round(revenue.gross * 100)}`);
        }
        expect([...found].toSorted(), interval).to.deep.equal([...expectedSums(zone, length)].toSorted());
      }
    });
  }

  it('any range in any zone has its orders, their amounts and their processing times, by order and by event', async () => {
    const first = Date.UTC(2025, 11, 31, 18, 30);
    const property = fc.asyncProperty(
      fc.nat(370 * 96),
      fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 120 * 96 })),
      fc.constantFrom(...zones),
      fc.constantFrom(undefined, 'day', 'week', 'month'),
      async (start, quarters, zoneName, interval) => {
        const fromMs = first + start * quarterMs;
        const query = { currency: 'USD', fromMs, toMs: fromMs + quarters * quarterMs, zone: timeZone(zoneName) };
        const inRange = [...times.entries()].filter(([, ms]) => ms >= fromMs && ms < query.toMs);
        const gross = inRange.reduce((sum, [nth]) => sum + nth, 0);
        for (const byEvent of [false, true]) {
          const found = await getMetrics(queriesOf(log), { ...query, byEvent, ...(interval ? { interval } : {}) });
          if (typeof found === 'string') throw new Error(found);
          const { total_orders, revenue, processing_time, series } = JSON.parse(exactJson(found));
          expect([total_orders, Math.round(revenue.gross * 100)]).to.deep.equal([inRange.length, gross]);
          if (!byEvent) {
            const { count, mean } = processing_time.placed_to_shipped;
            const shipped = inRange.map(([nth]) => nth * 60);
            expect(count).to.equal(shipped.length);
            if (count > 0) expect(mean).to.be.closeTo(shipped.reduce((sum, one) => sum + one, 0) / count, 0.001);
          }
          if (!interval) continue;
          const sum = series.reduce(
            (all: number, { revenue }: { revenue: { gross: number } }) => all + revenue.gross,
            0,
          );
          expect(Math.round(sum * 100)).to.equal(gross);
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('queries take any zone and local dates, and without a zone that of the service', async () => {
    const service = await startLocalService(log, { ORDERS_TIME_ZONE: 'Asia/Kolkata' });
    try {
      const get = (query: string) => call(service, 'GET', `/orders/metrics?${query}`);
      const starts = async (query: string) => (await get(query)).body.series?.map(({ start }) => start);
      const range = 'interval=day&from=2026-03-28&to=2026-03-30';
      expect(await starts(range)).to.deep.equal(['2026-03-27T18:30:00.000Z', '2026-03-28T18:30:00.000Z']);
      expect(await starts(`${range}&time_zone=Europe/Berlin`)).to.deep.equal([
        '2026-03-27T23:00:00.000Z',
        '2026-03-28T23:00:00.000Z',
      ]);
      expect((await get('from=2026-03-28T00:15:00Z')).status).to.equal(200);
      for (const [query, pointer] of [
        ['time_zone=Mars/Olympus', '/query/time_zone'],
        ['time_zone=%2B05:30', '/query/time_zone'],
        ['from=2026-03-28T00:10:00Z', '/query/from'],
        ['from=2026-02-30', '/query/from'],
        ['to=1971-01-01&time_zone=Africa/Monrovia', '/query/to'],
      ] as const) {
        const { status, problem } = await get(query);
        expect([status, problem.errors?.[0]?.pointer], query).to.deep.equal([422, pointer]);
      }
    } finally {
      await service.stop();
    }
  });

  it('a zone whose days begin between quarters is refused for the time in which they do', async () => {
    const append = appender(log);
    const occurredAt = '1971-06-01T12:00:00.000Z';
    await append({ orderId: orderIdIn(1, 4), expectedVersion: 0, events: [{ ...placedEvent(), occurredAt }] });
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    const zone = timeZone('Africa/Monrovia');
    const query = { currency: 'USD', interval: 'month', zone } as const;
    expect(await getMetrics(queriesOf(log), query)).to.equal('boundary-between-quarters');
    expect(await getMetrics(queriesOf(log), { ...query, fromMs: Date.UTC(2026, 0, 1) })).to.have.property('series');
  });
});
