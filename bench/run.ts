import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { readConfig } from '../src/config.js';
import { openServers } from '../src/embedded/servers.js';
import { migrate } from '../src/event-log/migrate.js';
import { projectPath } from '../src/project-path.js';
import { asRun } from './as-run.js';
import type { Bench, Benchmark, BenchResult } from './benchmark.js';
import { existingOrders } from './existing-orders.js';
import { getOrder } from './get-order.js';
import { groupedImport } from './grouped-import.js';
import { growth } from './growth.js';
import { hostileClients } from './hostile-clients.js';
import { imports } from './imports.js';
import { largeLog } from './large-log.js';
import { logSize } from './log-size.js';
import { overload } from './overload.js';
import { placeOrders } from './place-orders.js';
import { profiles } from './profiles.js';
import { readModelMemory } from './read-model-memory.js';
import { type Run, report } from './report.js';
import { visible } from './visible.js';

const benchmarks: Readonly<Record<string, Benchmark>> = {
  place: placeOrders,
  'as-run': asRun,
  commands: existingOrders,
  imports,
  'grouped-import': groupedImport,
  get: getOrder,
  visible,
  growth,
  'large-log': largeLog,
  memory: readModelMemory,
  profiles,
  overload,
  hostile: hostileClients,
};

/** Those that run only if they are named: they take too long for a complete run. */
const onRequest: Readonly<Record<string, Benchmark>> = { 'log-size': logSize };

const usage = `npm run bench -- [${[...Object.keys(benchmarks), ...Object.keys(onRequest)].join('|')}] [--orders N] [--rounds N] [--seconds N]

  Measures the service against its baselines, alternately and in one run, on servers of its own
  with durability on. A complete run writes docs/performance.md, its chart and
  docs/performance.json; a single benchmark prints its figures.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    orders: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
  },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(benchmarks);
if (values.help || chosen.some((name) => !Object.hasOwn(benchmarks, name) && !Object.hasOwn(onRequest, name))) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const dataDir = await mkdtemp(join(tmpdir(), 'orders-bench-'));
// Open to every user: PostgreSQL runs as another user, and would otherwise put its data elsewhere.
await chmod(dataDir, 0o755);
const servers = await openServers(readConfig({ ORDERS_DATA_DIR: dataDir }), {
  notify: () => undefined,
  command: 'the benchmark',
  mode: 'own',
});
try {
  const asAdmin = async (sql: string) => {
    const admin = new pg.Client({ connectionString: servers.migrationDatabaseUrl });
    await admin.connect();
    await admin.query(sql);
    await admin.end();
  };
  let databases = 0;
  const bench: Bench = {
    servers,
    orders: Number(values.orders),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    say: (text) => console.log(`  ${text}`),
    async newDatabase() {
      databases += 1;
      const name = `bench_${databases}`;
      await asAdmin(`create database ${name}`);
      const url = new URL(servers.migrationDatabaseUrl);
      url.pathname = `/${name}`;
      await migrate(url.href, 16);
      return url.href;
    },
    async inNewDatabase(task) {
      const url = await bench.newDatabase();
      try {
        return await task(url);
      } finally {
        await asAdmin(`drop database ${new URL(url).pathname.slice(1)} with (force)`);
      }
    },
  };
  const results: BenchResult[] = [];
  for (const name of chosen) {
    console.log(name);
    const run = benchmarks[name] ?? onRequest[name];
    if (run) results.push(await run(bench));
  }
  const profiled = results.flatMap((result) => result.profiles ?? []);
  for (const { what, unit, parts } of profiled) {
    console.log(`  ${what}, microseconds per ${unit}`);
    for (const { part, microseconds } of parts) console.log(`    ${microseconds.toFixed(1)} ${part}`);
  }
  const run: Run = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    ...{ rounds: bench.rounds, orders: bench.orders },
    comparisons: results.flatMap(({ comparisons }) => comparisons),
    measurements: results.flatMap(({ measurements }) => measurements),
    profiles: profiled,
  };
  for (const { name, figure, unit, atMost } of run.measurements)
    console.log(`  ${name}: ${Math.round(figure)} ${unit}${atMost ? ` (at most ${atMost})` : ''}`);
  if (positionals.length === 0) {
    const { markdown, chart } = report(run);
    await writeFile(projectPath('docs/performance.md'), markdown);
    await writeFile(projectPath('docs/performance.svg'), chart);
    await writeFile(projectPath('docs/performance.json'), `${JSON.stringify(run, undefined, 2)}\n`);
    console.log('written: docs/performance.md, docs/performance.svg, docs/performance.json');
  }
} finally {
  await servers.stop();
  await rm(dataDir, { recursive: true, force: true });
}
