#!/usr/bin/env node
// `npm run demo`: runs the service on data of its own in .data-demo/, fills it with a year of
// realistic orders, and then places live ones. `npm run demo -- --help` prints the usage.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fill } from './demo/fill.mjs';
import { shopHistory } from './demo/shop.mjs';
import { trickle } from './demo/trickle.mjs';
import { stopSignals } from './run-child.mjs';
import { root, startFlags } from './setup/project.mjs';
import { setUp } from './setup.mjs';

const usage = `npm run demo -- [--orders N] [--seed N] [--quiet]

  Runs the service with a shop that has sold for a year, and keeps live orders coming.
  The console is at http://127.0.0.1:3000. The data is in .data-demo/, apart from that of npm start.

  --orders  orders of the past year, by default 6000
  --seed    another number makes another shop, by default 1
  --quiet   no live orders`;

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '6000' },
    seed: { type: 'string', default: '1' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const dataFolder = join(root, '.data-demo');
const [orders, seed] = [Number(values.orders), Number(values.seed)];
if (values.help) console.log(usage);
else if (Number.isSafeInteger(orders) && orders > 0 && Number.isSafeInteger(seed)) process.exitCode = await demo();
else {
  console.error(`demo: --orders and --seed must be whole numbers\n\n${usage}`);
  process.exitCode = 2;
}

/** @returns {Promise<number>} the exit code of the service */
async function demo() {
  setUp({ service: true });
  const stop = new AbortController();
  const { url, ended } = await startService(stop.signal);
  for (const signal of stopSignals) process.once(signal, () => stop.abort());
  try {
    await fillShop(url, stop.signal);
    console.error(`demo: open ${url} in a browser; Ctrl-C stops`);
    const customers = Math.max(20, Math.round(orders / 4));
    if (!values.quiet) void trickle(url, { seed: Date.now(), firstNumber: orders + 1, customers, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) console.error(`demo: ${error.message}`);
    stop.abort();
  }
  return ended;
}

async function fillShop(url, signal) {
  const commands = shopHistory({ orders, seed, nowMs: Date.now() });
  const startedAt = performance.now();
  const { done, replayed, refused } = await fill(url, commands, { signal });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.error(`demo: ${done} events of ${orders} orders in ${seconds} s, ${replayed} were there already`);
  for (const { line, problem } of refused.slice(0, 5))
    console.error(`demo: ${line.command} refused: ${problem.detail}`);
}

/** Starts the service as `npm start` does. Resolves once it listens. */
function startService(signal) {
  // The demo never touches another database: neither .env nor the servers of the shell count.
  const others = ([name]) => !/^(ORDERS_|DATABASE_|REDIS_|MIGRATION_DATABASE_)/.test(name);
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(others)),
    ORDERS_DATA_DIR: dataFolder,
    LOG_LEVEL: 'warn',
    ORDERS_DEFAULT_CURRENCY: 'EUR',
  };
  mkdirSync(dataFolder, { recursive: true });
  const args = [...startFlags(), join(root, 'dist', 'src', 'cli', 'main.js'), 'serve'];
  const child = spawn(process.execPath, args, { cwd: dataFolder, env, stdio: ['ignore', 'inherit', 'pipe'] });
  signal.addEventListener('abort', () => child.kill('SIGTERM'));
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      const url = /listening on (http:\S+)/.exec(String(chunk))?.[1];
      if (url) resolve({ url, ended });
    });
    void ended.then((code) => reject(new Error(`the service ended with ${code}`)));
  });
}
