import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { projectPath } from '../src/project-path.js';
import { type Bench, type BenchResult, compare, median, processorCeiling, serversCeiling } from './benchmark.js';
import { placeRequest } from './placed-orders.js';
import { commandFlags, type ServerProcess, startProfiledService, startService } from './processes.js';
import { profiled } from './profiles.js';

const run = promisify(execFile);

/**
 * `orders import` and `POST /orders/batch`, end to end, against COPY of the resulting rows into the
 * same table. An import has as many events as the large log. With fewer orders its start, and V8's
 * compiler, are a larger part.
 */
export async function imports(bench: Bench): Promise<BenchResult> {
  const large = 5 * bench.orders;
  const small = Math.ceil(bench.orders / 2);
  const dir = await mkdtemp(join(tmpdir(), 'orders-import-'));
  try {
    const files = { large: await orderFile(dir, large), small: await orderFile(dir, small) };
    await bench.inNewDatabase(async (databaseUrl) => {
      await importInto(bench, databaseUrl, files.large);
      await copyOut(databaseUrl, files.large);
    });
    // A client gives each line a key, so that it may send the batch again. The key of an imported
    // line is its line number.
    const lines = [...orderLines(small, (nth) => ({ idempotency_key: `k-${nth}` }))].join('');
    await withService(bench, startService, async (service, databaseUrl) => {
      await sendBatch(service, lines, small);
      await copyOut(databaseUrl, files.small);
    });
    const batch = await compare(
      bench,
      comparisonOf('batch', `POST /orders/batch of ${counted(small)} orders`),
      () => withService(bench, startService, (service) => perSecond(small, () => sendBatch(service, lines, small))),
      () => copyIn(bench, files.small),
    );
    const batchProfile = await profiled({ name: 'batch', what: 'POST /orders/batch', unit: 'order' }, true, () =>
      withService(bench, startProfiledService, async (service) => ({
        profile: await service.profile(() => sendBatch(service, lines, small)),
        units: small,
      })),
    );
    const imported = await compare(
      bench,
      comparisonOf('import', `orders import of ${counted(large)} orders, its start and end included`),
      () => importAlone(bench, files.large),
      () => copyIn(bench, files.large),
    );
    const importedSmall: number[] = [];
    for (let round = 0; round < bench.rounds; round += 1) importedSmall.push(await importAlone(bench, files.small));
    const importProfile = await profiled({ name: 'import', what: 'orders import', unit: 'order' }, false, () =>
      bench.inNewDatabase(async (databaseUrl) => {
        const profileFlags = ['--cpu-prof-interval=2000', '--cpu-prof-name=import', `--cpu-prof-dir=${dir}`];
        await importInto(bench, databaseUrl, files.large, ['--cpu-prof', ...profileFlags]);
        return { profile: JSON.parse(await readFile(join(dir, 'import'), 'utf8')), units: large };
      }),
    );
    return {
      comparisons: [
        { ...batch, ceilings: [serversCeiling(batchProfile), processorCeiling(batchProfile)] },
        { ...imported, ceilings: [processorCeiling(importProfile)] },
      ],
      measurements: [
        {
          name: 'small-import',
          what: `orders import of ${counted(small)} orders, its start and end included`,
          unit: 'orders/s',
          figure: median(importedSmall),
        },
      ],
      profiles: [batchProfile, importProfile],
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** A file of orders to import, and a file with the resulting rows in COPY's format. */
interface OrderFile {
  readonly orders: number;
  readonly lines: string;
  readonly rows: string;
}

async function orderFile(dir: string, orders: number): Promise<OrderFile> {
  const file = { orders, lines: join(dir, `${orders}.ndjson`), rows: join(dir, `${orders}.copy`) };
  await pipeline(Readable.from(orderLines(orders)), createWriteStream(file.lines));
  return file;
}

function* orderLines(orders: number, beside: (nth: number) => object = () => ({})): Generator<string> {
  for (let nth = 0; nth < orders; nth += 1) {
    const order = JSON.parse(placeRequest().body ?? '{}');
    yield `${JSON.stringify({ command: 'place', ...beside(nth), ...order })}\n`;
  }
}

function comparisonOf(name: string, what: string) {
  const baseline = 'COPY of the rows that it leads to, by psql';
  return { name, what, baseline, unit: 'orders/s', target: { atLeast: 0.5 } };
}

function counted(orders: number): string {
  return orders.toLocaleString('en');
}

async function perSecond(orders: number, task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return orders / ((performance.now() - begun) / 1_000);
}

async function importInto(
  { servers }: Bench,
  databaseUrl: string,
  { lines }: OrderFile,
  nodeFlags: readonly string[] = [],
): Promise<void> {
  const env = { ...process.env, DATABASE_URL: databaseUrl, REDIS_URL: servers.redisUrl, LOG_LEVEL: 'error' };
  await run(process.execPath, [...commandFlags(), ...nodeFlags, projectPath('scripts/orders.mjs'), 'import', lines], {
    env,
  });
}

/** Orders per second, into a new database. */
function importAlone(bench: Bench, file: OrderFile): Promise<number> {
  return bench.inNewDatabase((databaseUrl) => perSecond(file.orders, () => importInto(bench, databaseUrl, file)));
}

async function copyOut(databaseUrl: string, { rows }: OrderFile): Promise<void> {
  await psql(databaseUrl, `'copy events to stdout' > ${rows}`);
}

/** The same rows by COPY. */
function copyIn(bench: Bench, { orders, rows }: OrderFile): Promise<number> {
  return bench.inNewDatabase((databaseUrl) =>
    perSecond(orders, () => psql(databaseUrl, `'copy events from stdin' < ${rows}`)),
  );
}

function psql(databaseUrl: string, command: string): Promise<unknown> {
  const env = { ...process.env, URL: databaseUrl };
  return run('bash', ['-c', `psql "$URL" -v ON_ERROR_STOP=1 -qc ${command}`], { env });
}

async function sendBatch({ url }: ServerProcess, lines: string, orders: number): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const answer = await fetch(`${url}/orders/batch`, { method: 'POST', headers, body: lines });
  const placed = (await answer.text()).split('"status":201').length - 1;
  if (placed !== orders) throw new Error(`of ${orders} lines ${placed} placed an order`);
}

function withService<Server extends ServerProcess, Result>(
  bench: Bench,
  start: (env: Record<string, string>) => Promise<Server>,
  task: (service: Server, databaseUrl: string) => Promise<Result>,
): Promise<Result> {
  return bench.inNewDatabase(async (databaseUrl) => {
    const service = await start({ DATABASE_URL: databaseUrl, REDIS_URL: bench.servers.redisUrl });
    try {
      return await task(service, databaseUrl);
    } finally {
      await service.stop();
    }
  });
}
