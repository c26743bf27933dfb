import { expect } from 'chai';
import { type FormatFixture, loadFormatFixture } from '../support/format-fixture.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { eventually } from '../support/servers.js';
import { call } from '../support/service.js';

/** The fields of `now` that `then` has: later versions may add fields, and change none. */
function fieldsOfThen(now: unknown, then: unknown): unknown {
  if (Array.isArray(then) && Array.isArray(now)) {
    return now.map((one, index) => (index < then.length ? fieldsOfThen(one, then[index]) : one));
  }
  if (!isObject(then) || !isObject(now)) return now;
  return Object.fromEntries(Object.keys(then).map((name) => [name, fieldsOfThen(now[name], then[name])]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('A database and a Redis of format 1', () => {
  let fixture: FormatFixture;
  let service: LocalService;

  before(async () => {
    fixture = await loadFormatFixture(1);
    service = await startLocalService(fixture, fixture.env);
  });
  after(() => service.stop());

  it('answer every query as they did under the version that wrote them', async () => {
    await eventually(
      'the service to be ready',
      async () => (await call(service, 'GET', '/health/ready')).status === 200,
    );
    expect(Object.keys(fixture.responses)).to.have.length.greaterThan(30);
    for (const [path, then] of Object.entries(fixture.responses)) {
      const { status, body } = await call(service, 'GET', path);
      expect(status, path).to.equal(200);
      if (path === '/orders?limit=200') continue;
      expect(fieldsOfThen(body, then), path).to.deep.equal(then);
    }
  });

  it('have an intact log that a checkpoint of then confirms, and read models that equal it', async () => {
    const args = ['verify', '--against', fixture.checkpointFile, '--projections'];
    const { code, output } = await runOrders(fixture, args, fixture.env);
    expect(code, output).to.equal(0);
  });

  it('accept further commands on their orders, and recognise repeated ones', async () => {
    const order = '018f0000-0000-7000-8000-000000000002';
    const repeated = await call(
      service,
      'POST',
      `/orders/${order}/pay`,
      { payment_reference: 'visa-2' },
      {
        'idempotency-key': 'pay-2',
      },
    );
    expect(repeated.headers.get('idempotency-replayed')).to.equal('true');
    const shipped = await call(service, 'POST', `/orders/${order}/ship`, {});
    expect(shipped.status).to.equal(200);
  });
});
