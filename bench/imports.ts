import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bench, type BenchResult, compare, processorCeiling, serversCeiling } from './benchmark.js';
import { placeRequest } from './placed-orders.js';
import { type ServerProcess, startProfiledService, startService } from './processes.js';
import { profiled } from './profiles.js';

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

  const importAll = async (databaseUrl: string, nodeFlags: readonly string[] = []) => {
    const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
    const env = { ...process.env, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, LOG_LEVEL: 'error' };
    await run(process.execPath, [...nodeFlags, main, 'import', file], { env });
  };
  const sendBatch = async ({ url }: ServerProcess) => {
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${url}/orders/batch`, { method: 'POST', headers, body: lines });
    const placed = (await answer.text()).split('"status":201').length - 1;
    if (placed !== orders) throw new Error(`of ${orders} lines ${placed} placed an order`);
  };
  const batchAgainst = async <Server extends ServerProcess, Result>(
    start: (env: Record<string, string>) => Promise<Server>,
    task: (service: Server) => Promise<Result>,
  ): Promise<Result> => {
    const service = await start({ DATABASE_URL: await bench.newDatabase(), REDIS_URL: redisUrl });
    try {
      return await task(service);
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
    const count = orders.toLocaleString('en');
    const batch = await compare(
      bench,
      { name: 'batch', what: `POST /orders/batch of ${count} orders`, yardstick, unit, target },
      () => batchAgainst(startService, (service) => perSecond(() => sendBatch(service))),
      copyIn,
    );
    const batchProfile = await profiled({ name: 'batch', what: 'POST /orders/batch', unit: 'order' }, true, () =>
      batchAgainst(startProfiledService, async (service) => ({
        profile: await service.profile(() => sendBatch(service)),
        units: orders,
      })),
    );
    const imported = await compare(
      bench,
      {
        name: 'import',
        what: `orders import of ${count} orders, its start and end included`,
        ...{ yardstick, unit, target },
      },
      async () => {
        const databaseUrl = await bench.newDatabase();
        return perSecond(() => importAll(databaseUrl));
      },
      copyIn,
    );
    const profiledUrl = await bench.newDatabase();
    const importProfile = await profiled({ name: 'import', what: 'orders import', unit: 'order' }, false, async () => {
      await importAll(profiledUrl, [
        '--cpu-prof',
        '--cpu-prof-interval=500',
        '--cpu-prof-name=import',
        `--cpu-prof-dir=${dir}`,
      ]);
      return { profile: JSON.parse(await readFile(join(dir, 'import'), 'utf8')), units: orders };
    });
    return {
      comparisons: [
        { ...batch, ceilings: [serversCeiling(batchProfile), processorCeiling(batchProfile)] },
        { ...imported, ceilings: [processorCeiling(importProfile)] },
      ],
      measurements: [],
      profiles: [batchProfile, importProfile],
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}
