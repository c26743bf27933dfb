import { readFile } from 'node:fs/promises';
import { exactJson } from '../../src/queries/exact-json.js';
import { getMetrics } from '../../src/queries/get-metrics.js';
import { startProjector } from './events.js';
import { projected, queriesOf } from './read-models.js';
import type { TestLog } from './servers.js';

/** The options that read the columns of CDNOW's file. */
export const cdnowMapping = [
  '--map',
  'user_id=ID,occurred_at=Date,quantity=Volume,total_amount=Amount',
  '--set',
  'item_id=cd,currency=USD',
  '--date-format',
  'YYYYMMDD',
];

/** Returns what the metrics say of the whole log by month, once it is projected. */
export async function importedFigures(log: TestLog, currency = 'USD') {
  const projector = await startProjector(log);
  await projected(log);
  const found = JSON.parse(exactJson(await getMetrics(queriesOf(log), { currency, interval: 'month' })));
  await projector.stop();
  return found;
}

/** Returns the months of a file in the columns of CDNOW, as the metrics should say them. */
export async function seriesOf(file: string) {
  const [, ...lines] = (await readFile(file, 'utf8')).trim().split('\n');
  const months = new Map<string, { orders: number; units: number; cents: number }>();
  for (const line of lines) {
    const [, date = '', volume, amount = ''] = line.split(',');
    const start = `${date.slice(0, 4)}-${date.slice(4, 6)}-01T00:00:00.000Z`;
    const sum = months.get(start) ?? { orders: 0, units: 0, cents: 0 };
    sum.orders += 1;
    sum.units += Number(volume);
    sum.cents += Math.round(Number(amount) * 100);
    months.set(start, sum);
  }
  const first = new Date([...months.keys()].sort()[0] ?? '');
  const last = new Date([...months.keys()].sort().at(-1) ?? '');
  const series = [];
  for (const at = first; at <= last; at.setUTCMonth(at.getUTCMonth() + 1)) {
    const { orders: n, units, cents } = months.get(at.toISOString()) ?? { orders: 0, units: 0, cents: 0 };
    const gross = cents / 100;
    series.push({
      start: at.toISOString(),
      orders: n,
      cancelled_orders: 0,
      units,
      revenue: { gross, cancelled: 0, refunded: 0, credited: 0, net: gross, paid: 0, given_back: 0, cash: 0 },
    });
  }
  return series;
}
