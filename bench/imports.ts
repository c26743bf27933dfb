import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bench, type BenchResult, compare } from './benchmark.js';
import { placeRequest } from './placed-orders.js';
import { startService } from './processes.js';

const run = promisify(execFile);

/** `orders import` and `POST /orders/batch`, end to end, against COPY of the rows that they lead to into the same table. */
export async function imports(bench: Bench): Promise<BenchResult> {
  const orders = Math.ceil(bench.orders / 2);
  const dir = await mkdtemp(join(tmpdir(), 'orders-import-'));
  const lines = Array.from(
    { length: orders },
    (_, nth) =>
      `${JSON.stringify({ command: 'place', idempotency_key: `k-${nth}`, ...JSON.parse(placeRequest().body ?? '{}') })}\n`,
  ).join('');
  const file = join(dir, 'orders.ndjson');
  const rows = join(dir, 'rows.copy');
  await writeFile(file, lines);
  const redisUrl = bench.servers.redisUrl;

  const importAll = async (databaseUrl: string) => {
    const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
    const env = { ...process.env, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, LOG_LEVEL: 'error' };
    await run(process.execPath, [main, 'import', file], { env });
  };
  const sendBatch = async () => {
    const service = await startService({ DATABASE_URL: await bench.newDatabase(), REDIS_URL: redisUrl });
    try {
      const begun = performance.now();
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await fetch(`${service.url}/orders/batch`, { method: 'POST', headers, body: lines });
      const placed = (await answer.text()).split('"status":201').length - 1;
      if (placed !== orders) throw new Error(`of ${orders} lines ${placed} placed an order`);
      return orders / ((performance.now() - begun) / 1_000);
    } finally {
      await service.stop();
    }
  };
  const psql = (databaseUrl: string, command: string) =>
    run('bash', ['-c', `psql "$URL" -v ON_ERROR_STOP=1 -qc ${command}`], { env: { ...process.env, URL: databaseUrl } });
  const perSecond = async (task: () => Promise<unknown>) => {
    const begun = performance.now();
    await task();
    return orders / ((performance.now() - begun) / 1_000);
  };

  try {
    const filled = await bench.newDatabase();
    await importAll(filled);
    await psql(filled, `'copy events to stdout' > ${rows}`);
    const copyIn = async () => {
      const databaseUrl = await bench.newDatabase();
      return perSecond(() => psql(databaseUrl, `'copy events from stdin' < ${rows}`));
    };
    const yardstick = 'COPY of the rows that it leads to, by psql';
    const [unit, target] = ['orders/s', { atLeast: 0.5 }] as const;
    return {
      comparisons: [
        await compare(
          bench,
          {
            name: 'batch',
            what: `POST /orders/batch of ${orders.toLocaleString('en')} orders`,
            yardstick,
            unit,
            target,
          },
          sendBatch,
          copyIn,
        ),
        await compare(
          bench,
          {
            name: 'import',
            what: `orders import of ${orders.toLocaleString('en')} orders, its start and end included`,
            ...{ yardstick, unit, target },
          },
          async () => {
            const databaseUrl = await bench.newDatabase();
            return perSecond(() => importAll(databaseUrl));
          },
          copyIn,
        ),
      ],
      measurements: [],
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}
