import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Bench, BenchResult, Measurement } from './benchmark.js';
import { startInnocentClient } from './innocent-client.js';
import { peakBytes, type ServerProcess, startService } from './processes.js';

const attackers = 1_000;
const attackSeconds = 45;
/** Seconds in which all attackers have connected. */
const connectSeconds = 2;
const maxOpenSeconds = 30;

/**
 * Measures what an innocent client gets while others attack: slowhttptest (Debian's package) with
 * slow headers, slow bodies and slow reads, if it is installed, and requests for large orders.
 */
export async function hostileClients(bench: Bench): Promise<BenchResult> {
  const env = { DATABASE_URL: await bench.newDatabase(), REDIS_URL: bench.servers.redisUrl };
  const service = await startService(env);
  const measurements: Measurement[] = [];
  try {
    const large = await placeLargeOrders(service.url, 40);
    const attacks: [name: string, what: string, attack: () => Promise<Measurement | undefined>][] = [
      ['large', '40 parallel requests for pages of large orders', () => requestPages(service, 40)],
      ['single', '100 parallel requests for orders of 2,200 lines', () => requestOrders(service, 100, large)],
      ...slowAttacks.map(({ name, what, options }): (typeof attacks)[number] => [
        name,
        `${attackers.toLocaleString('en')} connections with ${what} (slowhttptest)`,
        () => slowHttpTest(service, name, what, options),
      ]),
    ];
    const hasTool = await run('slowhttptest', ['-h']).then(
      () => true,
      () => false,
    );
    if (!hasTool) bench.say('slowhttptest is not installed: its attacks are left out');
    for (const [name, what, attack] of attacks) {
      if (name.startsWith('slow') && !hasTool) continue;
      const innocent = startInnocentClient(service.url);
      const closed = await attack();
      const { p99, requests, refused } = await innocent.stop();
      bench.say(`${what}: 99 % of ${requests} requests within ${Math.round(p99)} ms, ${refused.length} refused`);
      const atMost = name.startsWith('slow') ? 100 : 250;
      const figure = refused.length > 0 ? Number.POSITIVE_INFINITY : p99;
      measurements.push({
        ...{ name: `hostile-${name}`, what: `During ${what}: 99 % of an innocent client within`, unit: 'ms' },
        ...{ figure, atMost },
      });
      if (closed) measurements.push(closed);
    }
    measurements.push({
      ...{ name: 'hostile-memory', what: 'Memory of the service at its peak, after these attacks', unit: 'MB' },
      ...{ figure: (await peakBytes(service)) / 1e6, atMost: 400 },
    });
    return { comparisons: [], measurements };
  } finally {
    await service.stop();
  }
}

const slowAttacks: readonly { name: string; what: string; options: readonly string[] }[] = [
  { name: 'slow-headers', what: 'slow headers', options: ['-H', '-i', '5', '-u', '/orders'] },
  {
    ...{ name: 'slow-body', what: 'slow bodies' },
    options: ['-B', '-i', '5', '-s', '8192', '-f', 'application/json', '-u', '/orders'],
  },
  {
    ...{ name: 'slow-read', what: 'slow reads' },
    options: ['-X', '-k', '3', '-n', '1', '-w', '10', '-y', '20', '-z', '5', '-u', '/orders?limit=200'],
  },
];

/**
 * Attacks, and measures after how many seconds the service has ended the last attacker. The tool
 * does not tell: it counts a connection as open until it reads from it again.
 */
async function slowHttpTest(
  service: ServerProcess,
  name: string,
  what: string,
  options: readonly string[],
): Promise<Measurement> {
  const withUrl = options.map((one) => (one.startsWith('/') ? `${service.url}${one}` : one));
  const rate = ['-c', String(attackers), '-r', String(attackers / connectSeconds), '-l', String(attackSeconds)];
  const begun = performance.now();
  let figure = 0;
  const watch = setInterval(async () => {
    const seconds = (performance.now() - begun) / 1_000;
    if ((await connectionsTo(service.url)) > maxOtherConnections) figure = Math.max(0, seconds - connectSeconds);
  }, 500);
  try {
    await run('slowhttptest', [...rate, '-v', '0', ...withUrl]);
  } finally {
    clearInterval(watch);
  }
  return {
    ...{ name: `hostile-${name}-closed`, what: `The last of these connections with ${what} is closed after` },
    ...{ unit: 's', figure, atMost: maxOpenSeconds },
  };
}

/** Connections of the innocent client, and of the tool, which asks whether the service responds. */
const maxOtherConnections = 3;

/** The established connections of a server on this machine, as Linux counts them. */
async function connectionsTo(url: string): Promise<number> {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  const established = new RegExp(`^ *\\d+: [0-9A-F]+:${port} [0-9A-F]+:[0-9A-F]{4} 01 `, 'gm');
  return (await readFile('/proc/net/tcp', 'latin1')).match(established)?.length ?? 0;
}

/** Lines of about the largest order that fits into a body. */
const items = Array.from({ length: 2_200 }, (_, nth) => ({
  ...{ item_id: `${nth}`.padEnd(180, '-'), quantity: 1, unit_price: 1 },
}));

async function placeLargeOrders(url: string, count: number): Promise<string[]> {
  const body = JSON.stringify({ user_id: 'u', items, total_amount: 2_200 });
  const ids: string[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const headers = { 'content-type': 'application/json', prefer: 'wait=10' };
    const response = await fetch(`${url}/orders`, { method: 'POST', headers, body });
    ids.push(((await response.json()) as { order_id: string }).order_id);
  }
  return ids;
}

async function requestPages({ url }: ServerProcess, parallel: number): Promise<undefined> {
  await inParallel(parallel, 4 * parallel, () => get(`${url}/orders?limit=200`));
}

async function requestOrders({ url }: ServerProcess, parallel: number, ids: readonly string[]): Promise<undefined> {
  await inParallel(parallel, 4 * parallel, (nth) => get(`${url}/orders/${ids[nth % ids.length]}`));
}

async function get(url: string): Promise<void> {
  const response = await fetch(url);
  await response.arrayBuffer();
}

async function inParallel(workers: number, count: number, task: (nth: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (next < count) await task(next++);
    }),
  );
}

/** Runs a program to its end. Rejects if it cannot be started. */
function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', () => resolve());
  });
}
