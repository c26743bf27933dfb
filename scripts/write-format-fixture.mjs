// Writes a small database and a Redis as this version leaves them, with the responses of its
// queries and a signed checkpoint, into test/fixtures/format-N. Later versions have to come up on
// them. Before the run, the folder has to hold personal-data.key (32 bytes in base64) and
// signing-key.pem (Ed25519).
//
//   DATABASE_URL=… REDIS_URL=… node scripts/write-format-fixture.mjs N
//
// DATABASE_URL names an empty database of a PostgreSQL that pg_dump on the PATH can dump (pg_dump
// must not be older than the server); use PostgreSQL 14 or 15, so that every supported version can
// load the dump. REDIS_URL names an empty Redis.
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [format] = process.argv.slice(2);
const { DATABASE_URL, REDIS_URL } = process.env;
if (!/^\d+$/.test(format ?? '') || !DATABASE_URL || !REDIS_URL) {
  console.error('usage: DATABASE_URL=… REDIS_URL=… node scripts/write-format-fixture.mjs N');
  process.exit(2);
}
const folder = join(root, 'test', 'fixtures', `format-${format}`);
const env = {
  ...process.env,
  PORT: '0',
  LOG_LEVEL: 'warn',
  ORDERS_PERSONAL_DATA_KEY_FILE: join(folder, 'personal-data.key'),
  ORDERS_SIGNING_KEY_FILES: join(folder, 'signing-key.pem'),
};
const orders = (...args) =>
  execFileSync(process.execPath, [join(root, 'scripts', 'orders.mjs'), ...args], { env, encoding: 'utf8' });

const id = (nth) => `018f0000-0000-7000-8000-${String(nth).padStart(12, '0')}`;

await playCommands();
orders('keys', 'create', '--name', 'A web shop', '--scopes', 'orders:write,orders:read');
writeFileSync(join(folder, 'checkpoint.json'), orders('checkpoint'));
orders('forget', 'u-forgotten', '--reason', 'asked for it', ...forgetFlags());
await recordResponses();
dumpDatabase();
await dumpRedis();

/** A service as a process; runs the task against its address, then stops it. */
async function withService(task) {
  const args = ['--enable-source-maps', join(root, 'dist', 'src', 'cli', 'main.js'), 'serve'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    let output = '';
    const onData = (chunk) => {
      output += chunk;
      const address = /listening on (http:\S+)/.exec(output)?.[1];
      if (address) resolve(address);
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    void exited.then((code) => reject(new Error(`the service ended with ${code}: ${output}`)));
  });
  try {
    await task(async (method, path, body, headers = {}) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const init = { method, headers: { ...json, ...headers }, ...(body ? { body: JSON.stringify(body) } : {}) };
      const response = await fetch(url + path, init);
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return JSON.parse(text);
    });
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

/** Every command, every event type, several currencies, a sealed and a forgotten person. */
function playCommands() {
  return withService(async (call) => {
    const place = (nth, body, key = `key-${nth}`) =>
      call('POST', '/orders', { order_id: id(nth), user_id: `u-${nth % 3}`, ...body }, { 'idempotency-key': key });
    const command = (nth, name, body = {}) =>
      call('POST', `/orders/${id(nth)}/${name}`, body, { 'idempotency-key': `${name}-${nth}` });
    const lines = [
      { item_id: 'lamp', quantity: 2, unit_price: 29.99 },
      { item_id: 'bulb', quantity: 3, unit_price: 4 },
    ];
    for (let nth = 1; nth <= 12; nth += 1) {
      await place(nth, { items: lines, total_amount: 71.98, metadata: { channel: 'web' } });
    }
    await place(13, { item_ids: ['a', 'a', 'b'], total_amount: 1000, currency: 'JPY' });
    await place(14, { user_id: 'u-forgotten', item_ids: ['a'], total_amount: '12.50', currency: 'EUR' });
    await command(2, 'pay', { payment_reference: 'visa-2' });
    await command(2, 'process');
    await command(2, 'ship', { items: [{ item_id: 'lamp', quantity: 1 }], carrier: 'DHL', tracking_number: 'T-2' });
    await command(3, 'pay', { amount: 50 });
    await command(3, 'process');
    await command(3, 'ship');
    await command(3, 'deliver');
    await command(3, 'return', { items: [{ item_id: 'bulb', quantity: 2 }], reason: 'too bright' });
    await command(3, 'refund', { amount: 8, reason: 'two bulbs' });
    await command(4, 'cancel', { reason: 'changed my mind' });
    await command(5, 'hold', { reason: 'address check' });
    await command(6, 'hold', { reason: 'address check' });
    await command(6, 'release', { reason: 'address found' });
    await command(7, 'note', { text: 'Grüße 🍵' });
    await command(8, 'amend', { item_ids: ['lamp'], total_amount: 29.99, reason: 'one lamp will do' });
    await command(9, 'pay');
    await command(9, 'process');
    await command(9, 'ship');
    await command(9, 'return', { reason: 'broken' });
    await command(9, 'refund', { reason: 'broken' });
    await call('POST', '/webhooks', { url: 'https://shop.example/hook', event_types: ['OrderPlaced'] });
  });
}

function forgetFlags() {
  return orders('forget', '--help').includes('--yes') ? ['--yes'] : [];
}

async function recordResponses() {
  await withService(async (call) => {
    const paths = [
      ...Array.from({ length: 14 }, (_, nth) => `/orders/${id(nth + 1)}`),
      ...Array.from({ length: 14 }, (_, nth) => `/orders/${id(nth + 1)}/history`),
      `/orders/${id(3)}?version=4`,
      '/orders?limit=200',
      '/orders?status=pending',
      '/orders?user_id=u-1',
      ...['USD', 'JPY', 'EUR'].map((currency) => `/orders/metrics?currency=${currency}`),
    ];
    const responses = {};
    for (const path of paths) responses[path] = await call('GET', path);
    writeFileSync(join(folder, 'responses.json'), `${JSON.stringify(responses, undefined, 1)}\n`);
  });
}

/** Plain SQL without psql's own commands, which the tests could not run. */
function dumpDatabase() {
  const flags = ['--inserts', '--rows-per-insert=100', '--no-owner', `--dbname=${DATABASE_URL}`];
  const sql = execFileSync('pg_dump', flags, { encoding: 'utf8' });
  const lines = sql.split('\n').filter((line) => !line.startsWith('\\') && !line.startsWith('--') && line !== '');
  writeFileSync(join(folder, 'database.sql'), `${lines.join('\n')}\n`);
}

/** One command per line, as a JSON array; keys that expire (reports, rate limits) are left out. */
async function dumpRedis() {
  const redis = new Redis(REDIS_URL);
  const commands = [];
  for (const key of (await redis.keys('*')).sort()) {
    if ((await redis.ttl(key)) >= 0) continue;
    const type = await redis.type(key);
    if (type === 'string') commands.push(['SET', key, await redis.get(key)]);
    else if (type === 'list') commands.push(['RPUSH', key, ...(await redis.lrange(key, 0, -1))]);
    else if (type === 'set') commands.push(['SADD', key, ...(await redis.smembers(key)).sort()]);
    else if (type === 'hash') commands.push(['HSET', key, ...Object.entries(await redis.hgetall(key)).flat()]);
    else if (type === 'zset') {
      const members = await redis.zrange(key, 0, -1, 'WITHSCORES');
      const pairs = members.flatMap((member, at) => (at % 2 === 0 ? [members[at + 1], member] : []));
      commands.push(['ZADD', key, ...pairs]);
    } else throw new Error(`${key} has the type ${type}`);
  }
  redis.disconnect();
  writeFileSync(join(folder, 'redis.ndjson'), `${commands.map((one) => JSON.stringify(one)).join('\n')}\n`);
}
