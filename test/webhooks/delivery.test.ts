import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { type Received, type Receiver, startReceiver } from '../support/receiver.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, getHistory } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const env = { ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes', LOG_LEVEL: 'silent' };

describe('delivery of webhooks', () => {
  let log: TestLog;
  let receiver: Receiver;
  let service: LocalService;
  beforeEach(async () => {
    log = await createTestLog(4);
    receiver = await startReceiver();
    service = await startLocalService(log, env);
  });
  afterEach(async () => {
    receiver.stop();
    await service.stop();
    await log.close();
  });

  const subscribe = async (body: object = {}, path = '/hook') =>
    (await call(service, 'POST', '/webhooks', { url: receiver.url + path, ...body })).body;
  const place = async () => (await call(service, 'POST', '/orders', order)).body.order_id;
  const webhook = async (id: string) => (await call(service, 'GET', `/webhooks/${id}`)).body;
  const settled = (id: string) =>
    eventually('all to be delivered', async () => {
      const { pending, lag } = await webhook(id);
      return pending === 0 && lag === 0;
    });
  /** Makes all pending deliveries due now. */
  const makeDue = () =>
    log.owner.query(`update webhook_deliveries set next_attempt_at = now() where state = 'pending'`);
  const delivered = (orderId: string) =>
    receiver.received
      .filter(({ event, status }) => event.order_id === orderId && status < 300)
      .map(({ event }) => event.version);

  it('the last deliveries are listed with the status of the receiver and the error', async () => {
    const { webhook_id: id } = await subscribe({}, '/failing');
    receiver.answer = () => 503;
    const orderId = await place();
    const listed = () => call(service, 'GET', `/webhooks/${id}/deliveries`);
    await eventually('the first attempt', async () => (await listed()).body.deliveries.length === 1);
    receiver.answer = () => 204;
    await makeDue();
    await eventually('the second attempt', async () => (await listed()).body.deliveries.length === 2);
    const { deliveries } = (await listed()).body;
    expect(
      deliveries.map(({ attempt, result, status, error, order_id }) => [attempt, result, status, error, order_id]),
    ).to.deep.equal([
      [2, 'delivered', 204, null, orderId],
      [1, 'failed', 503, 'responded with status 503', orderId],
    ]);
    expect((await call(service, 'GET', `/webhooks/${orderId}/deliveries`)).status).to.equal(404);
  });

  it('a webhook receives the events after its creation, signed, each once and in order', async () => {
    await place();
    const { webhook_id: id, secret } = await subscribe();
    const orderId = await place();
    await call(service, 'POST', `/orders/${orderId}/pay`);
    await call(service, 'POST', `/orders/${orderId}/process`);
    await settled(id);
    expect(delivered(orderId)).to.deep.equal([1, 2, 3]);
    expect(receiver.received).to.have.length(3);
    const { events, partition } = await getHistory(service, orderId);
    for (const [nth, { headers, body }] of receiver.received.entries()) {
      const message = new Webhook(secret).verify(body, headers as Record<string, string>);
      const { version, type, data, actor, occurred_at, recorded_at, position } = events[nth]!;
      expect(message).to.deep.equal({
        type,
        timestamp: recorded_at,
        data: {
          ...{ order_id: orderId, version, type, data, actor, occurred_at, recorded_at },
          position: `${partition}:${position}`,
        },
      });
      expect(() =>
        new Webhook(secret).verify(body.replace(orderId, 'x'), headers as Record<string, string>),
      ).to.throw();
    }
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).to.equal(3);
  });

  it('a webhook receives only its event types, loses nothing while paused, and receives nothing once deleted', async () => {
    const { webhook_id: paid } = await subscribe({ event_types: ['OrderPaid'] }, '/paid');
    const { webhook_id: all } = await subscribe({}, '/all');
    await call(service, 'POST', `/webhooks/${all}/state`, { state: 'paused' });
    const orderId = await place();
    await call(service, 'POST', `/orders/${orderId}/pay`);
    await settled(paid);
    expect(receiver.received.map(({ path, event }) => [path, event.type])).to.deep.equal([['/paid', 'OrderPaid']]);
    await call(service, 'POST', `/webhooks/${all}/state`, { state: 'active' });
    await settled(all);
    expect(receiver.received.slice(1).map(({ path, event }) => [path, event.type])).to.deep.equal([
      ['/all', 'OrderPlaced'],
      ['/all', 'OrderPaid'],
    ]);
    expect((await call(service, 'DELETE', `/webhooks/${all}`)).status).to.equal(204);
    await call(service, 'POST', `/orders/${orderId}/note`, { text: 'n' });
    await settled(paid);
    expect(receiver.received).to.have.length(3);
    expect((await call(service, 'GET', `/webhooks/${all}`)).problem.type).to.equal('/problems/webhook-not-found');
  });

  it('a failed delivery is retried with the same id and blocks only its own order', async () => {
    const { webhook_id: id, secret } = await subscribe();
    let failing = '';
    receiver.answer = (_, { order_id }) => (order_id === failing ? 500 : 204);
    const stuck = await place();
    failing = stuck;
    await call(service, 'POST', `/orders/${stuck}/pay`);
    await call(service, 'POST', `/orders/${stuck}/note`, { text: 'n' });
    const fine = await place();
    await eventually('the other order', () => delivered(fine).length === 1);
    await eventually('a failure', () =>
      receiver.received.some(({ event, status }) => event.order_id === stuck && status === 500),
    );
    expect(delivered(stuck).filter((version) => version > 1)).to.deep.equal([]);
    const failed = receiver.received.filter(({ event, status }) => event.order_id === stuck && status === 500);
    failing = '';
    await makeDue();
    await settled(id);
    expect(delivered(stuck)).to.deep.equal([1, 2, 3]);
    const again = receiver.received.find(
      ({ event, status }) => event.order_id === stuck && event.version === failed[0]?.event.version && status === 204,
    );
    expect(again?.headers['webhook-id']).to.equal(failed[0]?.headers['webhook-id']);
    expect(again?.body).to.equal(failed[0]?.body);
    new Webhook(secret).verify(again?.body ?? '', again?.headers as Record<string, string>);
  });

  it('a delivery that fails for a day becomes a dead letter, unblocks its order, and can be replayed', async () => {
    const { webhook_id: id } = await subscribe();
    const orderId = await place();
    await settled(id);
    receiver.answer = (_, { type }) => (type === 'OrderPaid' ? 503 : 204);
    await call(service, 'POST', `/orders/${orderId}/pay`);
    await call(service, 'POST', `/orders/${orderId}/process`);
    await eventually('the first failure', () => receiver.received.some(({ status }) => status === 503));
    await eventually(
      'the failure to be recorded',
      async () => (await log.owner.query('select from webhook_deliveries where attempts = 1')).rowCount === 1,
    );
    await log.owner.query(
      `update webhook_deliveries set first_attempt_at = now() - interval '25 hours', next_attempt_at = now() where attempts = 1`,
    );
    await settled(id);
    expect(delivered(orderId)).to.deep.equal([1, 3]);
    const { dead_letters: letters } = (await call(service, 'GET', `/webhooks/${id}/dead-letters`)).body;
    expect(letters).to.have.length(1);
    expect(letters[0]).to.include({
      order_id: orderId,
      type: 'OrderPaid',
      attempts: 2,
      last_error: 'responded with status 503',
    });
    const listed = await runOrders(log, ['webhooks', 'dead-letters', id], env);
    expect(JSON.parse(listed.stdout)).to.deep.equal(letters[0]);
    expect(
      (await call(service, 'POST', `/webhooks/${id}/dead-letters/replay`, { event: '0:999' })).body.replayed,
    ).to.equal(0);
    receiver.answer = () => 204;
    const { event } = letters[0]!;
    const replayed = await call(service, 'POST', `/webhooks/${id}/dead-letters/replay`, { event });
    expect([replayed.status, replayed.body.replayed]).to.deep.equal([202, 1]);
    await settled(id);
    expect(delivered(orderId)).to.deep.equal([1, 3, 2]);
    expect((await webhook(id)).dead_letters).to.equal(0);
  });

  it('the previous secret also signs deliveries for a day after a rotation', async () => {
    const { webhook_id: id, secret } = await subscribe();
    const rotated = (await call(service, 'POST', `/webhooks/${id}/rotate-secret`)).body.secret;
    await place();
    await settled(id);
    const verify = (by: string, { headers, body }: Received) =>
      new Webhook(by).verify(body, headers as Record<string, string>);
    const [first] = receiver.received;
    for (const one of [secret, rotated]) expect(() => verify(one, first!)).not.to.throw();
    await log.owner.query(`update webhooks set previous_secret_until = now() - interval '1 s'`);
    await place();
    await settled(id);
    const last = receiver.received.at(-1)!;
    expect(() => verify(rotated, last)).not.to.throw();
    expect(() => verify(secret, last)).to.throw();
  });

  it('a redirect is not followed, and a response with 410 ends the deliveries of its webhook', async () => {
    const { webhook_id: id } = await subscribe();
    receiver.answer = () => 302;
    await place();
    await eventually(
      'the attempt',
      async () =>
        (await log.owner.query(`select from webhook_deliveries where last_error = 'responded with status 302'`))
          .rowCount === 1,
    );
    expect(receiver.received.map(({ path }) => path)).to.deep.equal(['/hook']);
    receiver.answer = () => 410;
    await makeDue();
    await eventually('the webhook to be gone', async () => (await webhook(id)).state === 'gone');
    const before = receiver.received.length;
    await place();
    const { webhook_id: other } = await subscribe({}, '/other');
    receiver.answer = () => 204;
    await place();
    await settled(other);
    expect(receiver.received.slice(before).map(({ path }) => path)).to.deep.equal(['/other']);
  });

  it('a test message is signed, and its result is reported', async () => {
    const { webhook_id: id, secret } = await subscribe();
    const accepted = (await call(service, 'POST', `/webhooks/${id}/test`)).body;
    expect(accepted).to.include({ accepted: true, error: null });
    const [{ headers, body }] = receiver.received as [Received];
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).to.deep.include({
      type: 'webhook.test',
      data: { webhook_id: id },
    });
    receiver.answer = () => 500;
    const refused = (await call(service, 'POST', `/webhooks/${id}/test`)).body;
    expect(refused).to.include({ accepted: false, error: 'responded with status 500' });
  });

  it('webhooks can be managed on the command line', async () => {
    const created = await runOrders(log, ['webhooks', 'create', `${receiver.url}/cli`, '--events', 'OrderPlaced'], env);
    expect(created.stdout.trim(), created.output).to.match(/^whsec_/);
    const listed = (await runOrders(log, ['webhooks', 'list'], env)).stdout;
    const [header, row = ''] = listed.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(header).to.include.members(['webhook', 'to deliver', 'given up', 'not read']);
    const [id = '', ...cells] = row;
    expect(cells).to.deep.equal(['active', `${receiver.url}/cli`, 'OrderPlaced', '0', '0', '0']);
    const narrow = async (...args: string[]) =>
      (await runOrders(log, ['webhooks', ...args], env, undefined, 60)).stdout;
    expect(await narrow('list')).to.include(`\n${id}  `);
    expect(await narrow('show', id)).to.match(new RegExp(`^url +${receiver.url}/cli$`, 'm'));
    const confirmed = (action: string) => (action === 'delete' ? ['--yes'] : []);
    for (const action of ['test', 'pause', 'resume', 'rotate-secret', 'replay', 'dead-letters', 'delete'])
      expect((await runOrders(log, ['webhooks', action, id, ...confirmed(action)], env)).code, action).to.equal(0);
    const json = async (...args: string[]) => runOrders(log, ['webhooks', ...args, '--json'], env);
    const other = JSON.parse((await json('create', `${receiver.url}/json`)).stdout);
    expect(other).to.include({ url: `${receiver.url}/json`, state: 'active' });
    const results: Record<string, object> = {
      test: { accepted: true, error: null },
      pause: { state: 'paused' },
      resume: { state: 'active' },
      'rotate-secret': {},
      replay: { replayed: 0 },
      show: { state: 'active' },
      delete: { deleted: true },
    };
    for (const [action, result] of Object.entries(results)) {
      const { code, stdout } = await json(action, other.webhook_id, ...confirmed(action));
      expect(code, action).to.equal(0);
      expect(JSON.parse(stdout), action).to.include({ webhook_id: other.webhook_id, ...result });
    }
    for (const wrong of [
      ['webhooks'],
      ['webhooks', 'delete', id],
      ['webhooks', 'create', 'ftp://x'],
      ['webhooks', 'pause', 'x'],
    ])
      expect((await runOrders(log, wrong, env)).code, wrong.join(' ')).to.equal(2);
  });
});
