import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createApiKey } from '../../src/access/api-keys.js';
import { createCheckpointPayload } from '../../src/audit/signed-checkpoint.js';
import { verifyLog } from '../../src/audit/verify-log.js';
import { orderPartition } from '../../src/orders/values/partition.js';
import { privacyLimits } from '../../src/privacy/limits.js';
import { masterKeysOf } from '../../src/privacy/master-keys.js';
import { PersonKeys } from '../../src/privacy/person-keys.js';
import { openStream } from '../support/event-stream.js';
import { appender, noteEvent, operatorEventsOf, orderIdIn, placedEvent } from '../support/events.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { startReceiver } from '../support/receiver.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, getHistory } from '../support/service.js';

describe('personal data that is sealed', () => {
  let log: TestLog;
  let service: LocalService;
  let folder: string;
  let env: Record<string, string>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-privacy-'));
    const file = join(folder, 'key');
    await writeFile(file, `${randomBytes(32).toString('base64')}\n`);
    env = { ORDERS_PERSONAL_DATA_KEY_FILE: file, ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes' };
    log = await createTestLog(4);
    service = await startLocalService(log, env);
  });
  afterEach(async () => {
    await service.stop();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const personal = { user_id: 'Ada Lovelace', metadata: { phone: '+44 20 7946 0000' } };
  const secrets = ['Ada Lovelace', '7946', 'ring twice', 'TRACK-4711'];
  const order = { item_ids: ['a', 'b'], total_amount: 10 };
  const post = <Path extends string>(path: Path, body?: object, headers?: Record<string, string>) =>
    call(service, 'POST', path, body, headers);
  const get = async <Path extends string>(path: Path) => (await call(service, 'GET', path)).body;

  /** Places an order with all kinds of personal data, and an order of another person. */
  async function placeBoth(): Promise<{ ada: string; other: string }> {
    const placed = { ...order, ...personal, reference: '#ada' };
    const { body } = await post('/orders', placed, { 'idempotency-key': 'k-1' });
    const ada = body.order_id;
    await post(`/orders/${ada}/note`, { text: 'ring twice' }, { 'idempotency-key': 'k-2' });
    await post(`/orders/${ada}/pay`, { payment_reference: 'pi_ada' });
    await post(`/orders/${ada}/process`);
    await post(`/orders/${ada}/ship`, { carrier: 'DHL', tracking_number: 'TRACK-4711' });
    const other = (await post('/orders', { ...order, user_id: 'u-2' })).body.order_id;
    await post(`/orders/${other}/note`, { text: 'stays' });
    return { ada, other };
  }
  const inLog = async () => {
    const { rows } = await log.owner.query('select data::text || metadata::text as text from events');
    return rows.map(({ text }) => text as string).join('\n');
  };
  /** Returns everything that Redis holds for this log. */
  const inRedis = async () => {
    const keys = await log.redis.keys(`{orders:${log.settings.logId.slice(0, 8)}:*`);
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await log.redis.type(key);
        if (type === 'list') return log.redis.lrange(key, '0', '-1');
        if (type === 'zset') return log.redis.zrange(key, '0', '-1');
        if (type === 'hash') return Object.entries(await log.redis.hgetall(key)).flat();
        return type === 'string' ? [(await log.redis.get(key)) ?? ''] : [];
      }),
    );
    return values.flat().join('\n');
  };
  /** The texts that lead to Ada's order. */
  const texts = ['#ada', 'pi_ada', 'TRACK-4711', 'Ada Lovelace'];
  const foundBy = async (...all: string[]) => {
    const pages = await Promise.all(all.map((q) => get(`/orders/lookup?q=${encodeURIComponent(q)}`)));
    return pages.flatMap(({ orders }) => orders.map(({ order_id }) => order_id));
  };
  const forget = (user: string) => runOrders(log, ['forget', user, '--reason', 'asked by mail', '--yes'], env);

  it('sealed personal data is not readable in the log, and is in every response', async () => {
    const { ada } = await placeBoth();
    const text = await inLog();
    for (const secret of secrets) expect(text).not.to.include(secret);
    expect(text).to.include('DHL');
    expect(await get(`/orders/${ada}`)).to.deep.include({ ...personal, status: 'shipped' });
    const { events } = await getHistory(service, ada);
    expect(events[0]?.data).to.deep.include(personal);
    expect([events[1]?.data.text, events[4]?.data.tracking_number]).to.deep.equal(['ring twice', 'TRACK-4711']);
    expect((await get('/orders?user_id=Ada%20Lovelace')).orders).to.have.length(1);
    const history = await runOrders(log, ['history', ada], env);
    expect(history.stdout).to.include('Ada Lovelace').and.to.include('TRACK-4711');
    const exported = await runOrders(log, ['export', '--user', 'Ada Lovelace'], env);
    expect(exported.stdout.trim().split('\n')).to.have.length(5);
  });

  it('idempotency keys work the same with sealed personal data', async () => {
    const { ada } = await placeBoth();
    const again = await post('/orders', { ...order, ...personal, reference: '#ada' }, { 'idempotency-key': 'k-1' });
    expect([again.body.order_id, again.headers.get('idempotency-replayed')]).to.deep.equal([ada, 'true']);
    const reused = await post('/orders', { ...order, user_id: 'u-3' }, { 'idempotency-key': 'k-1' });
    expect(reused.problem.type).to.equal('/problems/idempotency-key-reused');
    const note = await post(`/orders/${ada}/note`, { text: 'ring twice' }, { 'idempotency-key': 'k-2' });
    expect(note.headers.get('idempotency-replayed')).to.equal('true');
    const other = await post(`/orders/${ada}/note`, { text: 'ring once' }, { 'idempotency-key': 'k-2' });
    expect(other.problem.type).to.equal('/problems/idempotency-key-reused');
  });

  it('forgetting a person erases their data for good, and changes no hash, metric, replay or other order', async () => {
    const { ada, other } = await placeBoth();
    expect(await foundBy(...texts)).to.deep.equal(texts.map(() => ada));
    const [metrics, checkpoint] = [await get('/orders/metrics'), await createCheckpointPayload(log.pool, log.settings)];
    const untouched = await get(`/orders/${other}`);
    const done = await forget('Ada Lovelace');
    expect([done.code, done.stdout]).to.satisfy(
      () => done.code === 0 && / in 1 order\./.test(done.stdout),
      done.output,
    );

    await eventually('the erasure to be shown', async () => (await get(`/orders/${ada}`)).user_id === '[erased]');
    const shown = async () => {
      expect(await get(`/orders/${ada}`)).to.deep.include({ user_id: '[erased]', metadata: {}, status: 'shipped' });
      const { events } = await getHistory(service, ada);
      expect(events[0]?.data).to.deep.include({ user_id: '[erased]', metadata: {}, total_minor: 1000 });
      expect([events[1]?.data.text, events[4]?.data.tracking_number]).to.deep.equal(['[erased]', '[erased]']);
      expect(events[5]?.type).to.equal('OrderPersonErased');
      expect((await get('/orders?user_id=Ada%20Lovelace')).orders).to.deep.equal([]);
      expect((await get('/orders?user_id=%5Berased%5D')).orders).to.have.length(1);
      expect(await foundBy(...texts, '[erased]')).to.deep.equal([]);
      expect((await get('/orders?reference=%23ada')).orders).to.deep.equal([]);
      expect((await get('/orders?reference=%23ada&sort=updated')).orders).to.deep.equal([]);
      expect((await get('/orders?reference=%23ada&user_id=%5Berased%5D')).orders).to.deep.equal([]);
      expect(await foundBy(ada)).to.deep.equal([ada]);
      expect(await get(`/orders/${other}`)).to.deep.equal(untouched);
      expect(await get('/orders/metrics')).to.deep.equal(metrics);
    };
    await shown();
    await eventually('Redis to hold nothing of it', async () => {
      const text = await inRedis();
      return secrets.every((secret) => !text.includes(secret));
    });
    expect(await verifyLog({ pool: log.pool, partitions: 4, inParallel: 2, against: checkpoint })).to.deep.equal([]);

    const replayed = await runOrders(log, ['replay', 'all'], env);
    expect(replayed.code, replayed.output).to.equal(0);
    await shown();
    expect((await runOrders(log, ['verify', '--projections'], env)).code).to.equal(0);

    const operations = await operatorEventsOf(log);
    expect(operations[0]).to.deep.include({ type: 'PersonForgotten' });
    expect(operations[0]?.data).to.deep.include({ orders: 1, reason: 'asked by mail' });
    expect(await inLog()).not.to.include('Ada');
    const { rows } = await log.owner.query(
      'select count(*)::int from person_keys where forgotten_at is not null and lookup is null',
    );
    expect(rows[0].count).to.equal(1);
  });

  it('orders forget says what it will do, asks a person, and needs --yes in a script', async () => {
    const { ada } = await placeBoth();
    const run = (args: string[], answer?: string) =>
      runOrders(log, ['forget', 'Ada Lovelace', '--reason', 'asked by mail', ...args], env, answer);
    const asJson = JSON.parse((await run(['--dry-run', '--json'])).stdout);
    expect(asJson).to.include({ orders: 1, is_forgotten: false });
    const shown = await run(['--dry-run']);
    expect([shown.code, shown.stdout]).to.satisfy(() => /^would forget person \S+, in 1 order\n$/.test(shown.stdout));
    expect((await run([])).output).to.match(/in 1 order\. It cannot be undone[\s\S]*add --yes/);
    expect((await run([], 'no')).output).to.match(/nothing was forgotten/);
    expect((await get(`/orders/${ada}`)).user_id).to.equal('Ada Lovelace');
    expect((await run([], 'forget')).stdout).to.match(/^forgot person/);
  });

  it('customers who act on their own orders are not named in the log, and their Idempotency-Keys work', async () => {
    const { key } = await createApiKey(log.pool, {
      name: 'app',
      subject: 'Ada Lovelace',
      scopes: ['orders:write', 'orders:read'],
      expiresAt: null,
    });
    const own = await startLocalService(log, { ...env, ORDERS_AUTH: 'required' });
    const as = (path: '/orders', body: object | undefined, headers: Record<string, string> = {}) =>
      call(own, 'POST', path, body, { authorization: `Bearer ${key}`, ...headers });
    const body = { ...order, ...personal };
    const placed = await as('/orders', body, { 'idempotency-key': 'k-1' });
    const reserved = { ...body, order_id: randomUUID() };
    const second = await as('/orders', reserved, { 'idempotency-key': 'k-2' });
    const id = placed.body.order_id;
    for (const path of [`/orders/${id}/pay`, `/orders/${id}/note`]) {
      const content = path.endsWith('note') ? { text: 'ring twice' } : undefined;
      const first = await as(path as '/orders', content, { 'idempotency-key': path });
      const again = await as(path as '/orders', content, { 'idempotency-key': path });
      expect([first.status, again.status, again.headers.get('idempotency-replayed')]).to.deep.equal([200, 200, 'true']);
    }
    for (const [sent, idempotencyKey, orderId] of [
      [body, 'k-1', id],
      [{ ...reserved, order_id: randomUUID() }, 'k-2', second.body.order_id],
    ] as const) {
      const again = await as('/orders', sent, { 'idempotency-key': idempotencyKey });
      expect([again.status, again.body.order_id]).to.deep.equal([201, orderId]);
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
    }
    const foreign = (await post('/orders', { ...order, user_id: 'u-2' })).body.order_id;
    await as(`/orders/${foreign}/pay` as '/orders', undefined);
    const { rows } = await log.owner.query<{ actor: string; person: string | null }>(
      `select metadata->>'actor' as actor, metadata->>'person' as person from events order by recorded_at, version`,
    );
    const person = rows[0]?.person;
    expect(rows.map(({ actor }) => actor).sort()).to.deep.equal(
      ['Ada Lovelace', 'anonymous', ...Array.from({ length: 5 }, () => `person:${person}`)].sort(),
    );
    // Nor are they afterwards, and a repeated command is still a repetition.
    await forget('Ada Lovelace');
    const again = { ...reserved, order_id: randomUUID() };
    const repeated = await as('/orders', again, { 'idempotency-key': 'k-2' });
    expect([repeated.body.order_id, repeated.headers.get('idempotency-replayed')]).to.deep.equal([
      second.body.order_id,
      'true',
    ]);
    const paid = await as(`/orders/${id}/pay` as '/orders', undefined, { 'idempotency-key': `/orders/${id}/pay` });
    expect(paid.headers.get('idempotency-replayed')).to.equal('true');
    const process = `/orders/${id}/process` as '/orders';
    expect((await as(process, undefined, { 'idempotency-key': 'k-3' })).status).to.equal(200);
    expect((await as(process, undefined, { 'idempotency-key': 'k-3' })).headers.get('idempotency-replayed')).to.equal(
      'true',
    );
    const actors = await log.owner.query<{ actor: string }>(
      `select distinct metadata->>'actor' as actor from events where order_id <> $1`,
      [foreign],
    );
    const operator = actors.rows.map(({ actor }) => actor).filter((actor) => actor.startsWith('operator:'));
    expect(actors.rows.map(({ actor }) => actor)).to.have.members(['[erased]', `person:${person}`, ...operator]);
    await own.stop();
  });

  it('what an order was before the forgetting has another ETag afterwards, so that caches ask again', async () => {
    const { ada } = await placeBoth();
    const then = await call(service, 'GET', `/orders/${ada}?version=1`);
    const tag = then.headers.get('etag') ?? '';
    const unchanged = await call(service, 'GET', `/orders/${ada}?version=1`, undefined, { 'if-none-match': tag });
    expect(unchanged.status).to.equal(304);
    await forget('Ada Lovelace');
    const erased = await call(service, 'GET', `/orders/${ada}?version=1`, undefined, { 'if-none-match': tag });
    expect([erased.status, erased.body.user_id]).to.deep.equal([200, '[erased]']);
  });

  it('a forgotten person is searched page by page, however long a partition is, and each order counts once', async () => {
    const { ada } = await placeBoth();
    const metadata = (
      await log.owner.query<{ metadata: string }>(
        'select metadata::text from events where order_id = $1 and version = 2',
        [ada],
      )
    ).rows[0]?.metadata;
    // More events than a page in the partition of the order, and the person's last one behind them.
    const append = appender(log);
    const partition = orderPartition(ada, 4);
    let version = 0;
    const filler = orderIdIn(partition, 4);
    while (version <= privacyLimits.maxSearchedEvents) {
      const events = Array.from({ length: 2_000 }, (_, nth) => (version + nth === 0 ? placedEvent() : noteEvent('n')));
      await append({ orderId: filler, expectedVersion: version, events });
      version += events.length;
    }
    await append({
      orderId: ada,
      expectedVersion: 5,
      events: [{ ...noteEvent(''), data: '{}', metadata: metadata ?? '' }],
    });
    const found = await runOrders(log, ['forget', 'Ada Lovelace', '--dry-run'], env);
    expect(found.stdout, found.output).to.match(/in 1 order$/m);
  });

  it('no key of a person and no id of a user stays in memory after it has expired', async () => {
    const other = await createTestLog(1);
    const keys = new PersonKeys(other.pool, masterKeysOf(randomBytes(32)));
    const { person } = await keys.ofUser('Ada Lovelace');
    await keys.ofPersons([person]);
    expect(keys.cached).to.deep.equal({ persons: 1, users: 1 });
    await eventually('the caches to be empty', () => keys.cached.persons + keys.cached.users === 0);
    await other.close();
  });

  it('orders of a forgotten person take only commands without personal data, and the person can order again', async () => {
    const { ada } = await placeBoth();
    await forget('Ada Lovelace');
    const note = await post(`/orders/${ada}/note`, { text: 'again' });
    expect([note.status, note.problem.type]).to.deep.equal([409, '/problems/person-erased']);
    expect((await post(`/orders/${ada}/refund`, { reason: 'late' })).status).to.equal(200);
    const placedAgain = await post('/orders', { ...order, ...personal });
    expect([placedAgain.status, placedAgain.body.user_id]).to.deep.equal([201, 'Ada Lovelace']);
    expect((await get('/orders?user_id=Ada%20Lovelace')).orders).to.have.length(1);
    const nobody = await forget('u-9');
    expect([nobody.code, nobody.output]).to.satisfy(() => nobody.code === 2 && /no personal data/.test(nobody.output));
  });

  it('a person is forgotten although the log holds actors with U+0000 and lone surrogates', async () => {
    const { ada } = await placeBoth();
    const append = appender(log);
    for (const actor of ['a\0', 'a\ud800', '"person":"x"']) {
      for (let partition = 0; partition < 4; partition += 1) {
        const metadata = JSON.stringify({ schema: 1, actor });
        await append({
          orderId: orderIdIn(partition, 4),
          expectedVersion: 0,
          events: [{ ...placedEvent(), metadata }],
        });
      }
    }
    const done = await forget('Ada Lovelace');
    expect([done.code, done.stdout]).to.satisfy(
      () => done.code === 0 && / in 1 order\./.test(done.stdout),
      done.output,
    );
    await eventually('the erasure to be shown', async () => (await get(`/orders/${ada}`)).user_id === '[erased]');
  });

  it('users whose ids differ only in ill-formed characters are different persons', async () => {
    const other = await createTestLog(1);
    const keys = new PersonKeys(other.pool, masterKeysOf(randomBytes(32)));
    const users = ['U\ud800', 'U\ud801', 'U\ufffd', 'U\0'];
    const persons = await Promise.all(users.map(async (user) => (await keys.ofUser(user)).person));
    expect(new Set(persons).size).to.equal(users.length);
    expect(await keys.destroy('U\ud800')).to.equal(persons[0]);
    const { rows } = await other.owner.query('select person from person_keys where forgotten_at is not null');
    expect(rows.map(({ person }) => person)).to.deep.equal([persons[0]]);
    await other.close();
  });

  it('orders forget takes an id as a JSON string, and refuses bytes that are not UTF-8', async () => {
    const erase = (...args: string[]) => runOrders(log, ['forget', ...args, '--reason', 'asked by mail', '--yes'], env);
    await placeBoth();
    const done = await erase('--id-json', '"Ada\\u0020Lovelace"', '--json');
    expect(done.code, done.output).to.equal(0);
    expect(JSON.parse(done.stdout)).to.deep.include({ orders: 1, is_forgotten: true, problems: [] });
    const surrogate = await erase('--id-json', '"U\\ud800"');
    expect(surrogate.output)
      .to.match(/orders forget --id-json '"U\\ufffd"'/)
      .and.to.match(/no personal data/);
    expect((await erase('--id-json', 'u-1')).output).to.match(/must be a JSON string/);
    expect((await erase('U\ufffd')).output).to.match(/Argument 1 is not UTF-8/);
  });

  it('an event stream that is read again has no personal data of a forgotten person', async () => {
    const following = await openStream(`${service.url}/orders/stream`);
    const begun = await eventually('the first id', () => following.lastId());
    await placeBoth();
    await eventually('all of it', () => following.messages.length === 7);
    expect(following.messages.map(({ data }) => data).join()).to.include('Ada Lovelace');
    const forgotten = await forget('Ada Lovelace');
    expect(forgotten.code, forgotten.output).to.equal(0);
    await eventually('the erasure', () => following.messages.length === 8);
    const resumed = await openStream(`${service.url}/orders/stream`, { 'last-event-id': begun });
    await eventually('all of it again', () => resumed.messages.length === 8);
    for (const secret of secrets) expect(resumed.messages.map(({ data }) => data).join()).not.to.include(secret);
    for (const reader of [following, resumed]) reader.close();
  });

  it('sealed data that cannot be opened stops the projections of its partition and blocks no other order', async () => {
    const receiver = await startReceiver();
    await post('/webhooks', { url: `${receiver.url}/hook` });
    const { ada, other } = await placeBoth();
    const { rows } = await log.owner.query<{ metadata: string }>(
      'select metadata::text from events where order_id = $1 and version = 1',
      [ada],
    );
    const broken = { ...noteEvent(''), data: JSON.stringify({ sealed: 'AAAA' }), metadata: rows[0]?.metadata ?? '' };
    await appender(log)({ orderId: ada, expectedVersion: 5, events: [broken] });
    await eventually('the stop', async () =>
      (await get('/projections')).projections.every(({ state }) => state === 'stopped'),
    );
    const [first] = (await get('/projections')).projections;
    const stopped = first?.partitions.find((one) => one.stopped)?.stopped;
    expect(stopped).to.deep.include({ order_id: ada, type: 'OrderNoteAdded' });
    expect(stopped?.error).to.match(/does not open/);
    expect((await get(`/orders/${ada}`)).version, 'what came before it is there').to.equal(5);
    if (orderPartition(other, 4) !== orderPartition(ada, 4)) {
      expect((await post(`/orders/${other}/pay`)).body.payment_status).to.equal('paid');
    }
    // The webhook deliverer tries it again, and continues with other orders.
    await post(`/orders/${other}/note`, { text: 'after it' });
    await eventually('the others', () => receiver.received.some(({ body }) => body.includes('after it')));
    await eventually('the failure to be recorded', async () => {
      const { rows: failed } = await log.owner.query(`select last_error from webhook_deliveries where attempts > 0`);
      return /does not open/.test(failed[0]?.last_error);
    });
    receiver.stop();
  });

  it('the service does not start with another master key, or without one, once data is sealed', async () => {
    await placeBoth();
    const without = await startLocalService(log).catch((error: Error) => error);
    expect(String(without)).to.match(/set ORDERS_PERSONAL_DATA_KEY_FILE/);
    await writeFile(join(folder, 'wrong'), randomBytes(32).toString('base64'));
    const wrong = await startLocalService(log, { ORDERS_PERSONAL_DATA_KEY_FILE: join(folder, 'wrong') }).catch(
      (error: Error) => error,
    );
    expect(String(wrong)).to.match(/is not the one that personal data was sealed with/);
    await writeFile(join(folder, 'short'), 'c2hvcnQ=');
    const short = await startLocalService(log, { ORDERS_PERSONAL_DATA_KEY_FILE: join(folder, 'short') }).catch(
      (error: Error) => error,
    );
    expect(String(short)).to.match(/32 bytes in base64/);
  });
});
