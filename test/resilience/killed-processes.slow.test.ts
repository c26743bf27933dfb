import { expect } from 'chai';
import { derivedOrderId } from '../../src/commands/order-ids.js';
import { allProjections } from '../../src/projections/all-projections.js';
import { releaseOf } from '../../src/read-models/keys.js';
import { expectIntactLog, expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';

describe('killed processes', () => {
  let log: TestLog;
  let services: RunningService[];
  beforeEach(async () => {
    log = await createTestLog();
    services = [];
  });
  afterEach(async () => {
    for (const service of services) service.kill('SIGCONT');
    await Promise.all(services.map((service) => service.stop()));
    await log.close();
  });

  async function start(roles: string): Promise<RunningService> {
    const service = await startService(log, { ORDERS_ROLES: roles });
    services.push(service);
    return service;
  }

  it('no acknowledged order is lost, skipped or counted twice when an API process and a projector process are killed', async () => {
    const apis = [await start('api'), await start('api')];
    const projectors = [await start('projector'), await start('projector')];
    await ownedByBoth(log, projectors);

    const acknowledged = new Map<string, number>();
    let placedOrders = 0;
    let killed = false;
    const writer = async (nth: number) => {
      for (let order = 0; order < 40; order += 1) {
        const key = `writer-${nth}-order-${order}`;
        const amount = 1 + ((nth * 40 + order) % 50);
        const orderId = await untilAnswered(
          apis,
          nth + order,
          '/orders',
          { user_id: `u-${nth}`, item_ids: ['a', 'b'], total_amount: amount },
          key,
        );
        acknowledged.set(orderId, 1);
        placedOrders += 1;
        if (order % 3 === 0) {
          await untilAnswered(apis, nth, `/orders/${orderId}/pay`, {}, `${key}-pay`);
          await untilAnswered(apis, order, `/orders/${orderId}/process`, {}, `${key}-process`);
          acknowledged.set(orderId, 3);
        }
        if (!killed && placedOrders > 200) {
          killed = true;
          apis[0]?.kill('SIGKILL');
          projectors[0]?.kill('SIGKILL');
        }
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, nth) => writer(nth)));
    expect(killed).to.equal(true);

    await projected(log, 30_000);
    const { rows } = await log.owner.query<{ order_id: string; events: number }>(
      'select order_id, count(*)::int as events from events group by order_id',
    );
    const found = new Map(rows.map(({ order_id, events }) => [order_id, events]));
    expect(found.size, 'each acknowledged order exactly once, and no other').to.equal(16 * 40);
    for (const [orderId, events] of acknowledged) expect(found.get(orderId), orderId).to.equal(events);
    expect([...acknowledged.keys()]).to.include(derivedOrderId('anonymous', 'writer-7-order-11'));
    await expectIntactLog(log);
    await expectReadModelsEqualTheLog(log);
  });

  it('a suspended projector that resumes after another has taken over its partitions applies no event twice', async () => {
    const api = await start('api');
    const [suspended, other] = [await start('projector'), await start('projector')];
    await ownedByBoth(log, [suspended, other]);
    const place = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, nth) =>
          call(
            api,
            'POST',
            '/orders',
            { user_id: `u-${nth}`, item_ids: ['a'], total_amount: 10 },
            { prefer: 'respond-async' },
          ),
        ),
      );
    await place(100);
    await projected(log);

    // Suspended in the middle of work, for longer than an owner may be silent.
    const whileSuspended = place(300);
    suspended.kill('SIGSTOP');
    await whileSuspended;
    await projected(log, 30_000);
    await eventually(
      'the other projector to own every partition',
      async () => (await owners(log)).get(pidOf(other)) === 16,
      30_000,
    );

    const whileResumed = place(300);
    suspended.kill('SIGCONT');
    await whileResumed;
    await ownedByBoth(log, [suspended, other]);
    await place(50);
    await projected(log, 30_000);
    await expectReadModelsEqualTheLog(log);
    expect(suspended.process.exitCode).to.equal(null);
  });
});

/**
 * Sends a request to one API process after another, with the same Idempotency-Key, until one
 * accepts it. Careful clients do the same.
 */
async function untilAnswered(
  apis: readonly RunningService[],
  first: number,
  path: '/orders' | `/orders/${string}/pay` | `/orders/${string}/process`,
  body: object,
  key: string,
): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const api = apis[(first + attempt) % apis.length];
    if (!api) break;
    try {
      const answer = await call(api, 'POST', path, body, { 'idempotency-key': key });
      if (answer.status === 200 || answer.status === 201) return answer.body.order_id;
      if (answer.status !== 503) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    } catch (error) {
      // fetch rejects with a TypeError if the process has ended or is ending.
      if (!(error instanceof TypeError)) throw error;
    }
  }
  throw new Error(`${path} was never answered`);
}

const pidOf = (service: RunningService) => String(service.process.pid);

/** The number of partitions that each process owns, by PID, from the reports of the owners. */
async function owners(log: TestLog): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let partition = 0; partition < log.settings.partitions; partition += 1) {
    const report = JSON.parse((await log.redis.get(log.keys.report(partition, releaseOf(allProjections)))) ?? '{}');
    const pid = String(report.owner ?? '').split(':')[1] ?? '';
    counts.set(pid, (counts.get(pid) ?? 0) + 1);
  }
  return counts;
}

async function ownedByBoth(log: TestLog, projectors: readonly RunningService[]): Promise<void> {
  await eventually(
    'both projectors to own half of the partitions',
    async () => {
      const counts = await owners(log);
      return projectors.every((projector) => counts.get(pidOf(projector)) === 8);
    },
    30_000,
  );
}
