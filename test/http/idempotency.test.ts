import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { createStreamReader } from '../../src/event-log/read/read-stream.js';
import { recordedEvent } from '../../src/event-log/stored-event.js';
import type { OrderCommand } from '../../src/orders/commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import { fold } from '../../src/orders/evolve.js';
import { anyCommand } from '../support/any-command.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, type RunningService, type ServiceResponse, startService } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a', 'a', 'b'], total_amount: 30 };

describe('Idempotency over two API processes', () => {
  let log: TestLog;
  let services: (LocalService | RunningService)[];
  before(async () => {
    log = await createTestLog(4);
    services = [await startLocalService(log), await startService(log)];
  });
  after(async () => {
    await Promise.all(services.map((service) => service.stop()));
    await log.close();
  });

  const post = <Path extends string>(nth: number, path: Path, body?: unknown, headers: Record<string, string> = {}) =>
    call(services[nth % services.length]!, 'POST', path, body, headers);
  const stream = async (orderId: string) =>
    (await createStreamReader(log.pool, log.settings.partitions)(orderId)).events.map(recordedEvent);

  it('100 identical requests with one Idempotency-Key place one order and get 100 equal responses', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, nth) => post(nth, '/orders', order, { 'idempotency-key': 'a hundred' })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).to.equal(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).to.have.length(1);
    for (const name of ['etag', 'event-position', 'location'])
      expect(new Set(answers.map(({ headers }) => headers.get(name))).size, name).to.equal(1);
    expect(await stream(answers[0]?.body.order_id ?? '')).to.have.length(1);
  });

  it('a retry after a crash between commit and response gets the response of the first attempt', async () => {
    // Without a projector, the response waits for a projection that never comes, and the event is
    // already durable.
    const lonely = await createTestLog(4);
    const key = { 'idempotency-key': 'crash', prefer: 'wait=10' };
    for (const [path, body] of [['/orders', order]] as const) {
      const dying = await startService(lonely, { ORDERS_ROLES: 'api', LOG_LEVEL: 'silent' });
      const lost = call(dying, 'POST', path, body, key).catch((error: Error) => error);
      await eventually(
        'the event to be durable',
        async () => (await lonely.owner.query('select from events')).rowCount === 1,
      );
      dying.kill('SIGKILL');
      expect(await lost).to.be.instanceOf(Error);
      const next = await startLocalService(lonely);
      const again = await call(next, 'POST', path, body, key);
      expect([again.status, again.headers.get('idempotency-replayed')]).to.deep.equal([201, 'true']);
      expect((await lonely.owner.query('select from events')).rowCount).to.equal(1);
      const other = await call(next, 'POST', path, { ...body, total_amount: 31 }, key);
      expect([other.status, other.problem.type]).to.deep.equal([422, '/problems/idempotency-key-reused']);
      await next.stop();
    }
    await lonely.close();
  });

  const life: readonly [string, object][] = [
    ['amend', { item_ids: ['a', 'a'], total_amount: 20, reason: 'r' }],
    ['pay', { amount: 15 }],
    ['hold', { reason: 'r' }],
    ['release', { reason: 'r' }],
    ['process', {}],
    ['ship', { items: [{ item_id: 'a', quantity: 2 }] }],
    ['deliver', {}],
    ['return', { items: [{ item_id: 'a', quantity: 1 }], reason: 'r' }],
    ['refund', { amount: 5, reason: 'r' }],
    ['note', { text: 'n' }],
  ];
  /** Another body for each command, except for the two commands without a body. */
  const different: Record<string, object> = {
    amend: { item_ids: ['a'], total_amount: 20, reason: 'r' },
    pay: { amount: 1 },
    ship: { items: [{ item_id: 'a', quantity: 1 }] },
    refund: { amount: 1, reason: 'r' },
    note: { text: 'another' },
    return: { reason: 'another' },
    hold: { reason: 'another' },
    release: { reason: 'another' },
    cancel: { reason: 'another' },
  };

  it('every command repeated with its Idempotency-Key gets its first response from any process', async () => {
    const { order_id: id } = (await post(0, '/orders', order)).body;
    const { order_id: cancelled } = (await post(0, '/orders', order)).body;
    const firsts: [string, string, object, ServiceResponse][] = [];
    for (const [nth, [name, body]] of [...life, ['cancel', { reason: 'r' }] as const].entries()) {
      const path = `/orders/${name === 'cancel' ? cancelled : id}/${name}`;
      const first = await post(nth, path, body, { 'idempotency-key': name });
      expect(first.status, first.text).to.equal(200);
      firsts.push([path, name, body, first]);
    }
    for (const [nth, [path, name, body, first]] of firsts.entries()) {
      const again = await post(nth + 1, path, body, { 'idempotency-key': name });
      expect([again.status, again.text, again.headers.get('idempotency-replayed')], name).to.deep.equal([
        200,
        first.text,
        'true',
      ]);
      for (const header of ['etag', 'event-position'])
        expect(again.headers.get(header)).to.equal(first.headers.get(header));
      const other = different[name];
      if (!other) continue;
      const reused = await post(nth, path, other, { 'idempotency-key': name });
      expect([reused.status, reused.problem.type], name).to.deep.equal([422, '/problems/idempotency-key-reused']);
    }
    expect(await stream(id)).to.have.length(life.length + 1);
  });

  it('a command in a batch and a single command share their idempotency keys', async () => {
    const lines = (key: string) =>
      [
        { command: 'place', ...order, idempotency_key: `${key} place` },
        { command: 'place', ...order, idempotency_key: `${key} place` },
      ]
        .map((line) => JSON.stringify(line))
        .join('\n');
    const batch = async (nth: number, text: string) =>
      (await post(nth, '/orders/batch', text, { 'content-type': 'application/x-ndjson' })).text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    const [first, second] = await batch(0, lines('line'));
    expect([first.order_id, second.replayed]).to.deep.equal([second.order_id, true]);
    const [third] = await batch(1, lines('line'));
    expect([third.order_id, third.replayed, third.version]).to.deep.equal([first.order_id, true, 1]);
    const alone = await post(0, '/orders', order, { 'idempotency-key': 'line place' });
    expect([alone.body.order_id, alone.headers.get('idempotency-replayed')]).to.deep.equal([first.order_id, 'true']);
    const pay = { command: 'pay', order_id: first.order_id, amount: 1, idempotency_key: 'line pay' };
    const [paid, again, other] = await batch(
      1,
      [pay, pay, { ...pay, amount: 2 }].map((line) => JSON.stringify(line)).join('\n'),
    );
    expect([paid.version, again.replayed, other.problem.type]).to.deep.equal([
      2,
      true,
      '/problems/idempotency-key-reused',
    ]);
  });

  it('one Idempotency-Key is one order, whatever order_id a retry carries, in single requests and in batches', async () => {
    const fresh = () => ({ ...order, order_id: randomUUID() });
    const key = { 'idempotency-key': 'a fresh id per retry' };
    const first = await post(0, '/orders', fresh(), key);
    const again = await post(1, '/orders', fresh(), key);
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).to.deep.equal([
      201,
      first.text,
      'true',
    ]);
    expect(again.headers.get('location')).to.equal(`/orders/${first.body.order_id}`);
    const line = () => JSON.stringify({ command: 'place', ...fresh(), idempotency_key: key['idempotency-key'] });
    const batch = await post(0, '/orders/batch', `${line()}\n${line()}\n`, { 'content-type': 'application/x-ndjson' });
    for (const text of batch.text.trim().split('\n')) {
      expect(JSON.parse(text)).to.include({ status: 201, order_id: first.body.order_id, replayed: true });
    }
    const other = await post(1, '/orders', { ...fresh(), total_amount: 31 }, key);
    expect(other.problem.type).to.equal('/problems/idempotency-key-reused');
  });

  it('without an Idempotency-Key, a repeated order_id is 409, also with equal content', async () => {
    const body = { ...order, order_id: randomUUID() };
    expect((await post(0, '/orders', body)).status).to.equal(201);
    const again = await post(1, '/orders', body);
    expect([again.status, again.problem.type, again.problem.current_status]).to.deep.equal([
      409,
      '/problems/order-exists',
      'pending',
    ]);
  });

  it('every command on an order is rejected with 412 if If-Match names another version', async () => {
    const { order_id: id } = (await post(0, '/orders', order)).body;
    for (const [nth, [name, body]] of life.entries()) {
      const version = nth + 1;
      for (const wrong of [version - 1, version + 1]) {
        const { status, problem, headers } = await post(nth, `/orders/${id}/${name}`, body, {
          'if-match': `"${wrong}"`,
        });
        expect([status, problem.type, problem.current_version, headers.get('etag')], name).to.deep.equal([
          ...[412, '/problems/version-mismatch', version],
          `"${version}"`,
        ]);
      }
      const taken = await post(nth, `/orders/${id}/${name}`, body, { 'if-match': `"${version}"` });
      expect([taken.status, taken.headers.get('etag')], name).to.deep.equal([200, `"${version + 1}"`]);
    }
  });

  it('If-Match takes lists, and the tags that proxies make when they compress', async () => {
    const { order_id: id } = (await post(0, '/orders', order)).body;
    let version = 1;
    const note = (tags: string) => post(version, `/orders/${id}/note`, { text: 'n' }, { 'if-match': tags });
    for (const tags of ['"1"', 'W/"2"', '"3-gzip"', 'W/"4-br"', '"5-zstd"', '"1", "6-gzip" ,"9"', '*']) {
      expect((await note(tags)).status, tags).to.equal(200);
      version += 1;
    }
    for (const tags of [`"${version}-deflate"`, '"1", "2"', '"another"', 'W/""', `"${version}-csv"`, '', ',']) {
      expect((await note(tags)).status, tags).to.equal(412);
    }
    const { headers } = await call(services[0]!, 'GET', `/orders/${id}`);
    const weak = `W/${headers.get('etag')?.replace(/"$/, '-gzip"')}`;
    expect((await call(services[0]!, 'GET', `/orders/${id}`, undefined, { 'if-none-match': weak })).status).to.equal(
      304,
    );
  });

  it('an order id without dashes is the same order id', async () => {
    const id = randomUUID();
    const bare = id.replaceAll('-', '').toUpperCase();
    const placed = await post(0, '/orders', { ...order, order_id: bare }, { prefer: 'wait=5' });
    expect([placed.status, placed.body.order_id]).to.deep.equal([201, id]);
    expect((await post(1, `/orders/${bare}/pay`)).body.order_id).to.equal(id);
    expect((await call(services[0]!, 'GET', `/orders/${bare}`)).body.order_id).to.equal(id);
    const line = JSON.stringify({ command: 'process', order_id: bare });
    const batch = await post(0, '/orders/batch', line, { 'content-type': 'application/x-ndjson' });
    expect(JSON.parse(batch.text)).to.include({ status: 200, order_id: id });
  });

  it('If-Match also applies to placing and cancelling an order', async () => {
    const missing = await post(0, '/orders', order, { 'if-match': '"1"' });
    expect([missing.status, missing.problem.current_version]).to.deep.equal([412, 0]);
    const placed = await post(0, '/orders', order, { 'if-match': '"0"' });
    expect(placed.status).to.equal(201);
    const cancel = (version: number) =>
      post(1, `/orders/${placed.body.order_id}/cancel`, { reason: 'r' }, { 'if-match': `"${version}"` });
    expect((await cancel(2)).status).to.equal(412);
    expect((await cancel(1)).status).to.equal(200);
  });

  it('50 concurrent commands on one order are each decided on the newest state, as the pure domain decides them', async () => {
    const [commands = []] = fc.sample(
      fc.array(
        anyCommand.filter(({ command }) => command !== 'place' && command !== 'cancel'),
        { minLength: 50, maxLength: 50 },
      ),
      { numRuns: 1, seed: 7 },
    );
    const { order_id: id } = (await post(0, '/orders', order)).body;
    const answers = await Promise.all(
      commands.map(async (command, nth) => ({
        command,
        answer: await post(nth, `/orders/${id}/${command.command}`, bodyOf(command)),
      })),
    );
    const events = await stream(id);
    const at = (version: number) => fold(events.slice(0, version));
    let accepted = 0;
    for (const { command, answer } of answers) {
      if (answer.status === 200) {
        accepted += 1;
        const { version } = answer.body;
        const decision = decide(command, at(version - 1));
        expect(decision, command.command).to.deep.equal([
          { type: events[version - 1]?.type, data: events[version - 1]?.data },
        ]);
      } else if (answer.status === 409) {
        // The pure domain also rejects it, at the version at which it was rejected.
        const decision = decide(command, at(answer.problem.current_version ?? 0));
        expect('rejected' in decision && `/problems/${decision.rejected}`, command.command).to.equal(
          answer.problem.type,
        );
      } else {
        expect([answer.status, command.command], answer.text).to.deep.equal([422, command.command]);
      }
    }
    expect(accepted).to.equal(events.length - 1);
    expect(accepted).to.be.greaterThan(3);
    expect(answers.filter(({ answer }) => answer.status === 409)).not.to.be.empty;
  });

  function bodyOf(command: OrderCommand): object {
    const { command: _, ...fields } = command;
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value,
      ]),
    );
  }
});
