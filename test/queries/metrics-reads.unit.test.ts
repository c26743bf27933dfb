import { expect } from 'chai';
import fc from 'fast-check';
import { timeZone } from '../../src/orders/values/time-zone.js';
import type { GenerationReader } from '../../src/queries/generation-reader.js';
import { type MetricsQuery, readMetrics } from '../../src/queries/get-metrics.js';
import { dayMs, hourMs } from '../../src/read-models/figure-fields.js';
import type { RedisCommand } from '../../src/read-models/redis/redis-command.js';

const first = Date.UTC(2020, 0, 1);
const end = Date.UTC(2027, 0, 1);

/** The fields that a query reads, with orders in every hour of seven years. */
async function fieldsRead(query: Omit<MetricsQuery, 'currency'>): Promise<number> {
  let fields = 0;
  const total = JSON.stringify([0, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, first / hourMs, end / hourMs - 1]]);
  const read = async (commands: readonly RedisCommand[]) =>
    commands.map(([command, , ...names]) => {
      fields += command === 'SMEMBERS' ? 1 : names.length;
      if (command === 'SMEMBERS') return ['USD'];
      return command === 'HGET' ? total : names.map(() => null);
    });
  const generation = {
    keys:
      () =>
      (...names: string[]) =>
        names.join(':'),
    read,
  } as unknown as GenerationReader;
  const found = await readMetrics(generation, 1, { currency: 'USD', ...query });
  if (typeof found === 'string') throw new Error(found);
  return fields;
}

/** A range of local dates. */
function dates(zoneName: string, firstDay: number, days: number): Omit<MetricsQuery, 'currency'> {
  const zone = timeZone(zoneName);
  const local = first + 40 * dayMs + firstDay * dayMs;
  return { zone, fromMs: zone.toUtc(local), toMs: zone.toUtc(local + days * dayMs) };
}

const zones = [
  ...['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Adelaide', 'America/St_Johns'],
  ...['Australia/Lord_Howe', 'Pacific/Chatham', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Pacific/Marquesas'],
];

describe('The reads of the metrics', () => {
  it('are in any zone at most twice those of the same range in UTC, for any dates and interval', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...zones),
      fc.nat(2_000),
      fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100 })),
      fc.constantFrom(undefined, 'day', 'week', 'month', 'hour'),
      async (zone, firstDay, length, interval) => {
        const days = interval === 'hour' ? Math.ceil(length / 10) : length;
        const series = interval === undefined ? {} : ({ interval } as const);
        const inZone = await fieldsRead({ ...dates(zone, firstDay, days), ...series });
        const inUtc = await fieldsRead({ ...dates('UTC', firstDay, days), ...series });
        expect(inZone).to.be.at.most(2 * inUtc);
      },
    );
    // Ranges that begin or end in hours that belong to different months in different zones.
    const examples: [string, number, number, 'day'][] = [
      ['Pacific/Chatham', 1969, 30, 'day'],
      ['Pacific/Pago_Pago', 330, 54, 'day'],
    ];
    await fc.assert(property, { numRuns: 300, examples });
  });

  it('are in any zone at most twice those in UTC, for calendar months and for all orders', async () => {
    for (const zone of zones) {
      for (const [from, to] of [
        [Date.UTC(2025, 0, 1), Date.UTC(2026, 0, 1)],
        [Date.UTC(2024, 1, 1), Date.UTC(2024, 2, 1)],
      ] as const) {
        for (const interval of [undefined, 'month', 'week', 'day'] as const) {
          const series = interval === undefined ? {} : { interval };
          const inZone = (name: string) => {
            const { toUtc } = timeZone(name);
            return fieldsRead({ zone: timeZone(name), fromMs: toUtc(from), toMs: toUtc(to), ...series });
          };
          expect(await inZone(zone), `${zone} ${interval}`).to.be.at.most(2 * (await inZone('UTC')));
        }
      }
      for (const interval of ['month', 'week', 'day'] as const) {
        const inUtc = await fieldsRead({ interval });
        expect(await fieldsRead({ interval, zone: timeZone(zone) }), `${zone} ${interval}`).to.be.at.most(2 * inUtc);
      }
    }
  });

  it('of a series are one field per day or month, and one more per boundary between blocks of UTC', async () => {
    const year = { fromMs: Date.UTC(2025, 0, 1), toMs: Date.UTC(2026, 0, 1) };
    // The total, the currencies and, for the sum of the year, its months.
    expect(await fieldsRead({ ...year, interval: 'day' })).to.equal(2 + 12 + 365);
    expect(await fieldsRead({ ...year, interval: 'month' })).to.equal(2 + 12);
    const kolkata = dates('Asia/Kolkata', 0, 100);
    expect(await fieldsRead({ ...kolkata, interval: 'day' })).to.be.at.most(2 + 4 + 2 * 101);
  });
});
