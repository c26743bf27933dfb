import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { projectPath } from '../src/project-path.js';
import type { Bench, BenchResult, Measurement } from './benchmark.js';
import { commandFlags, peakBytesOf } from './processes.js';

/**
 * An import of rows that are lines of orders, scattered over the file, into a database of its own:
 * its rate, and the memory of its process at a third of the orders and at the end.
 */
export async function groupedImport(bench: Bench): Promise<BenchResult> {
  // A million rows by default.
  const rows = 5 * bench.orders;
  const orders = Math.ceil(rows * 0.3);
  const dir = await mkdtemp(join(tmpdir(), 'orders-grouped-'));
  try {
    const [third, whole] = [join(dir, 'third.csv'), join(dir, 'whole.csv')];
    await pipeline(Readable.from(csvRows(Math.ceil(rows / 3), Math.ceil(orders / 3))), createWriteStream(third));
    await pipeline(Readable.from(csvRows(rows, orders)), createWriteStream(whole));
    const small = await importAlone(bench, third);
    const large = await importAlone(bench, whole);
    const what = `orders import of ${rows.toLocaleString('en')} rows of ${orders.toLocaleString('en')} orders`;
    const measurements: Measurement[] = [
      { name: 'grouped-import', what, unit: 'orders/s', figure: orders / large.seconds },
      {
        name: 'grouped-import-peak',
        what: `${what}: memory at its peak`,
        unit: 'MB',
        figure: large.megabytes,
        atMost: 500,
      },
      { name: 'grouped-import-third', what: 'the same with a third of the rows', unit: 'MB', figure: small.megabytes },
    ];
    return { comparisons: [], measurements };
  } finally {
    await rm(dir, { recursive: true });
  }
}

function* csvRows(rows: number, orders: number): Generator<string> {
  yield 'no,user,at,sku,n,price\n';
  for (let nth = 0; nth < rows; nth += 1) {
    const no = nth % orders;
    const at = new Date(Date.UTC(2026, 0, 1) + Math.floor((no * 180 * 86_400_000) / orders)).toISOString();
    yield `N-${no},u-${no % 9_973},${at},sku-${nth % 5_000},${1 + (nth % 3)},${(nth % 90) + 1}.25\n`;
  }
}

interface Imported {
  readonly seconds: number;
  readonly megabytes: number;
}

function importAlone(bench: Bench, file: string): Promise<Imported> {
  return bench.inNewDatabase(async (databaseUrl) => {
    const args = ['--group-by', 'no', '--total', 'computed', '--set', 'currency=EUR'];
    const map = ['--map', 'user_id=user,occurred_at=at,item_id=sku,quantity=n,unit_price=price'];
    const begun = performance.now();
    const child = spawn(
      process.execPath,
      [...commandFlags(), projectPath('scripts/orders.mjs'), 'import', file, ...args, ...map],
      {
        env: { ...process.env, DATABASE_URL: databaseUrl, REDIS_URL: bench.servers.redisUrl, LOG_LEVEL: 'error' },
        stdio: 'ignore',
      },
    );
    // The peak is that of the process: it is gone once the process has ended.
    let bytes = 0;
    const watch = setInterval(async () => {
      bytes = Math.max(bytes, await peakBytesOf(child.pid ?? 0).catch(() => 0));
    }, 100);
    const [code] = await once(child, 'exit');
    clearInterval(watch);
    if (code !== 0) throw new Error(`the import ended with ${code}`);
    return { seconds: (performance.now() - begun) / 1_000, megabytes: bytes / 1e6 };
  });
}
