import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { OrderProof } from '../../src/audit/order-proof.js';
import { readSigningKeys } from '../../src/audit/signing-key.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { call, getHistory } from '../support/service.js';

describe('the proof of an order', () => {
  let log: TestLog;
  let service: LocalService;
  let folder: string;
  let orderId: string;
  const file = (name: string) => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-proof-'));
    await writeFile(
      file('key.pem'),
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    log = await createTestLog(2);
    service = await startLocalService(log, { ORDERS_SIGNING_KEY_FILES: file('key.pem') });
    const order = { user_id: 'ü-1 "quoted"', item_ids: ['a'], total_amount: 10, metadata: { note: 'naïve ✓' } };
    for (let nth = 0; nth < 30; nth += 1) await call(service, 'POST', '/orders', order);
    orderId = (await call(service, 'POST', '/orders', order)).body.order_id;
    await call(service, 'POST', `/orders/${orderId}/pay`);
    for (let nth = 0; nth < 30; nth += 1) await call(service, 'POST', '/orders', order);
    await call(service, 'POST', `/orders/${orderId}/note`, { text: 'line\nbreak' });
  });
  after(async () => {
    await service.stop();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const proof = async () => (await call(service, 'GET', `/orders/${orderId}/history?proof=true`)).body as OrderProof;
  /** Runs the check as an auditor does: no database can be reached. */
  async function check(given: OrderProof): Promise<{ code: number | null; stdout: string }> {
    await writeFile(file('proof.json'), JSON.stringify(given));
    await writeFile(file('jwks.json'), (await call(service, 'GET', '/.well-known/jwks.json')).text);
    const nowhere = { databaseUrl: 'postgres://localhost:1/none', redisUrl: 'redis://localhost:1' };
    return runOrders(nowhere, ['verify-proof', file('proof.json'), '--key', file('jwks.json')]);
  }

  it('the proof of an order is verified without access to the service or its database', async () => {
    const given = await proof();
    expect(given.events).to.have.length(3);
    for (const { path } of given.events) expect(path.length).to.be.at.most(6);
    const { code, stdout } = await check(given);
    expect([code, stdout]).to.satisfy(
      () => code === 0 && stdout.startsWith(`order ${orderId}: 3 events, in log`),
      stdout,
    );
  });

  const forgeries: Record<string, (given: OrderProof) => void> = {
    'an amount': ({ events }) => Object.assign(events[0]!, { data: events[0]!.data.replace('1000', '1001') }),
    'an actor': ({ events }) =>
      Object.assign(events[1]!, { metadata: events[1]!.metadata.replace('anonymous', 'boss') }),
    'a time': ({ events }) => Object.assign(events[2]!, { occurred_at: '2000-01-01T00:00:00.000Z' }),
    'the order of the events': ({ events }) => (events as unknown[]).reverse(),
    'the absence of an event in the middle': ({ events }) => (events as unknown[]).splice(1, 1),
    'the previous hash': ({ events }) => Object.assign(events[0]!, { previous_hash: '00'.repeat(32) }),
    'the order’s id': (given) =>
      Object.assign(given, { order_id: given.order_id.replace(/^./, (c) => (c === 'a' ? 'b' : 'a')) }),
    'the path': ({ events }) => Object.assign(events[0]!, { path: events[0]!.path.slice(1) }),
    'the checkpoint': (given) => {
      const { checkpoint } = given.checkpoint;
      const [header, , signature] = given.checkpoint.jws.split('.');
      const payload = Buffer.from(JSON.stringify({ ...checkpoint, created_at: '2000-01-01T00:00:00.000Z' }));
      Object.assign(given.checkpoint, { jws: [header, payload.toString('base64url'), signature].join('.') });
    },
  };
  for (const [what, forge] of Object.entries(forgeries)) {
    it(`the proof of an order is rejected if somebody has forged ${what}`, async () => {
      const given = await proof();
      forge(given);
      const { code, stdout } = await check(given);
      expect([code, stdout.length > 0], stdout).to.deep.equal([3, true]);
    });
  }

  it('the proof of an order is rejected if its key is not trusted', async () => {
    await writeFile(file('proof.json'), JSON.stringify(await proof()));
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
    await writeFile(file('other.pem'), other);
    const { code, stdout } = await runOrders(log, ['verify-proof', file('proof.json'), '--key', file('other.pem')]);
    expect([code, stdout]).to.satisfy(() => code === 3 && /not among the trusted ones/.test(stdout), stdout);
    const asJson = await runOrders(log, ['verify-proof', file('proof.json'), '--key', file('other.pem'), '--json']);
    expect([asJson.code, JSON.parse(asJson.stdout).is_valid]).to.deep.equal([3, false]);
  });

  it('a file that cannot be read is a failure of the command, and says nothing about a proof', async () => {
    const args = ['verify-proof', file('none.json'), '--key', file('key.pem'), '--json'];
    const { code, stdout, output } = await runOrders(log, args);
    expect([code, stdout]).to.deep.equal([2, '']);
    expect(output).to.match(/none\.json/);
  });

  it('a proof is offered only for an order that exists', async () => {
    const none = await call(service, 'GET', '/orders/018f0000-0000-7000-8000-0000000000ff/history?proof=true');
    expect([none.status, none.problem.type]).to.deep.equal([404, '/problems/order-not-found']);
  });

  it('without a signing key, the service says that signed checkpoints need one', async () => {
    const unsigned = await startLocalService(log);
    const { status, problem } = await call(unsigned, 'GET', '/audit/checkpoint');
    expect([status, problem.type]).to.deep.equal([501, '/problems/no-signing-key']);
    expect((await call(unsigned, 'GET', '/.well-known/jwks.json')).body).to.deep.equal({ keys: [] });
    await unsigned.stop();
  });

  it('a missing signing key is created, readable only by its owner', async () => {
    const own = file('made.pem');
    const [made] = await readSigningKeys([own], true);
    const [again] = await readSigningKeys([own], true);
    expect(again?.publicJwk.kid).to.equal(made?.publicJwk.kid);
    expect((await stat(own)).mode & 0o777).to.equal(0o600);
    await writeFile(own, await readFile(file('proof.json')));
    expect(String(await readSigningKeys([own], true).catch((error: Error) => error))).to.match(
      /does not hold a private key in PEM/,
    );
  });
});

describe('the history of an order', () => {
  let log: TestLog;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(2);
    service = await startLocalService(log);
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  it('the history of an order shows which fields each event changed, and the changes between any two versions', async () => {
    const order = { user_id: 'u', items: [{ item_id: 'a/b', quantity: 2 }], total_amount: 10 };
    const { body } = await call(service, 'POST', '/orders', order);
    for (const [name, data] of [
      ['pay', { amount: 4 }],
      ['process', undefined],
      ['ship', { items: [{ item_id: 'a/b', quantity: 1 }] }],
      ['note', { text: 'n' }],
    ] as const)
      await call(service, 'POST', `/orders/${body.order_id}/${name}`, data);
    const path = `/orders/${body.order_id}/history` as const;
    const { events } = await getHistory(service, body.order_id, 'diff=true');
    expect(events[0]?.changes).to.deep.include({ pointer: '/user_id', after: 'u' });
    expect(events[1]?.changes).to.deep.equal([
      { pointer: '/payment_status', before: 'unpaid', after: 'partially_paid' },
      { pointer: '/paid_amount', before: 0, after: 4 },
      { pointer: '/balance', before: 10, after: 6 },
    ]);
    expect(events[3]?.changes?.filter(({ before }) => before !== undefined)).to.deep.equal([
      { pointer: '/status', before: 'processing', after: 'partially_shipped' },
      { pointer: '/items/a~1b/shipped', before: 0, after: 1 },
    ]);
    expect(events[3]?.changes).to.deep.include({
      ...{ pointer: '/shipments/1/items', after: [{ line_id: '1', item_id: 'a/b', quantity: 1 }] },
    });
    expect(events[4]?.changes).to.deep.equal([]);
    const between = (await call(service, 'GET', `${path}?diff=true&from=1&to=4`)).body;
    expect(between).to.deep.include({ order_id: body.order_id, from_version: 1, to_version: 4 });
    const changes = 'changes' in between ? between.changes : [];
    expect(changes.filter(({ pointer }) => !pointer.startsWith('/shipments'))).to.deep.equal([
      { pointer: '/status', before: 'pending', after: 'partially_shipped' },
      { pointer: '/payment_status', before: 'unpaid', after: 'partially_paid' },
      { pointer: '/paid_amount', before: 0, after: 4 },
      { pointer: '/balance', before: 10, after: 6 },
      { pointer: '/items/a~1b/shipped', before: 0, after: 1 },
    ]);
    const backwards = (await call(service, 'GET', `${path}?diff=true&from=4&to=1`)).body;
    expect(backwards).to.have.deep.nested.property('changes[0]', {
      ...{ pointer: '/status', before: 'partially_shipped', after: 'pending' },
    });
    expect((await call(service, 'GET', `${path}?diff=true&from=1&to=40`)).problem.type).to.equal(
      '/problems/order-version-not-found',
    );
    const alone = await call(service, 'GET', `${path}?diff=true&from=1`);
    expect([alone.status, alone.problem.errors?.[0]?.pointer]).to.deep.equal([422, '/query/to']);
  });
});
