import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { type BatchOutcome, outcomeOf } from '../../src/commands/command-outcome.js';
import type { CommandRequest } from '../../src/commands/command-request.js';
import { eventLogLimits } from '../../src/event-log/limits.js';
import { operatorStreamId } from '../../src/event-log/operators/operator-events.js';
import { createStreamReader } from '../../src/event-log/read/read-stream.js';
import type { EventMetadata } from '../../src/orders/events.js';
import { masterKeysOf } from '../../src/privacy/master-keys.js';
import { PersonKeys } from '../../src/privacy/person-keys.js';
import { createOpenedStreamReader } from '../../src/privacy/sealed-events.js';
import { commandHandlers, wholeStream } from '../support/events.js';
import { expectIntactLog } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

const now = () => '2026-03-01T12:00:00.000Z';

describe('placeOrders', () => {
  let log: TestLog;
  let other: TestLog;
  before(async () => {
    log = await createTestLog(4);
    other = await createTestLog(4);
  });
  after(async () => {
    await log.close();
    await other.close();
  });

  const ids = Array.from({ length: 8 }, () => randomUUID());
  const anyRequest: fc.Arbitrary<CommandRequest> = fc.record({
    orderId: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...ids) }, fc.constant(operatorStreamId)),
    actor: fc.constantFrom('one', 'two'),
    idempotencyKey: fc.constantFrom(undefined, 'k', 'l'),
    requestId: fc.constantFrom(undefined, 'r'),
    correlationId: fc.constantFrom(undefined, 'r', 'c'),
    expectedVersions: fc.constantFrom(undefined, undefined, [0], [1], [1, 0]),
    occurredAt: fc.constantFrom(undefined, '2025-01-01T00:00:00.000Z'),
    command: fc.record({
      command: fc.constant('place'),
      userId: fc.constantFrom('u', 'v'),
      currency: fc.constantFrom('USD', 'USD', 'XYZ'),
      totalAmount: fc.constantFrom(1, '2.50', 0.001),
      itemIds: fc.constantFrom(['a'], ['a', 'b', 'a']),
    }),
  });

  const calls = fc.uniqueArray(anyRequest, { selector: ({ orderId }) => orderId, maxLength: 9 });
  /** The outcome without the partition and the position, which differ between the two logs. */
  const comparable = (outcome: BatchOutcome) => {
    if (outcome.outcome === 'handled') return { ...outcome, partition: 0, position: 0 };
    if (outcome.outcome !== 'rejected') return outcome;
    const { order, ...rejection } = outcome.rejection;
    return { ...rejection, version: order?.version };
  };

  /** The opened events of orders, without the fields that differ between runs and between keys. */
  async function events({ pool }: TestLog, keys: PersonKeys | undefined, orderIds: ReadonlySet<string>) {
    const read = createOpenedStreamReader(keys, createStreamReader(pool, 4));
    const streams = await Promise.all([...orderIds].map((orderId) => wholeStream(read, orderId)));
    return streams.flat().map(({ orderId, version, type, data, metadata, occurredAt }) => {
      const { person, command_hash: hash, ...rest } = JSON.parse(metadata) as EventMetadata;
      const sealed = person !== undefined;
      return { orderId, version, type, data: JSON.parse(data), ...rest, sealed, hash: sealed || hash, occurredAt };
    });
  }

  const promise = 'orders placed together have the outcomes and events of orders placed one by one';
  it(promise, () => compare(undefined, undefined));
  it(`${promise}, with sealed personal data too`, () =>
    compare(
      new PersonKeys(log.pool, masterKeysOf(randomBytes(32))),
      new PersonKeys(other.pool, masterKeysOf(randomBytes(32))),
    ));

  async function compare(keys: PersonKeys | undefined, otherKeys: PersonKeys | undefined) {
    const { placeOrders } = commandHandlers(log, now, keys);
    const { handleCommand } = commandHandlers(other, now, otherKeys);
    const allIds = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 3 }), async (calls) => {
        const orderIds = new Map<string, string>(ids.map((id) => [id, randomUUID()]));
        for (const requests of calls) {
          const fresh = requests.map((request) => ({
            ...request,
            orderId: orderIds.get(request.orderId) ?? request.orderId,
          }));
          for (const { orderId } of fresh) allIds.add(orderId);
          const together = await placeOrders(fresh);
          const individually = await Promise.all(fresh.map((request) => outcomeOf(handleCommand, request)));
          expect(together.map(comparable)).to.deep.equal(individually.map(comparable));
        }
      }),
      { numRuns: 60 },
    );
    const stored = await events(log, keys, allIds);
    expect(stored.length).to.be.above(50);
    expect(stored.every(({ sealed }) => sealed === (keys !== undefined))).to.equal(true);
    expect(stored).to.deep.equal(await events(other, otherKeys, allIds));
    await expectIntactLog(log);
  }

  const place = (): CommandRequest => ({
    orderId: randomUUID(),
    actor: 'test',
    command: { command: 'place', userId: 'u', currency: 'USD', totalAmount: 1, itemIds: ['a'] },
  });

  it('orders beyond the limit of queued appends are rejected; those within it are placed', async () => {
    const { placeOrders } = commandHandlers(log, now);
    const requests = Array.from({ length: eventLogLimits.maxQueuedAppends + 3 }, place);
    const outcomes = await placeOrders(requests);
    const failed = outcomes.flatMap((outcome) => (outcome.outcome === 'failed' ? [String(outcome.error)] : []));
    expect(failed).to.have.length(3);
    expect(failed[0]).to.match(/Overloaded|too many|5,?000/);
    const { rows } = await log.owner.query('select count(*)::int as n from events where order_id = any ($1)', [
      requests.map(({ orderId }) => orderId),
    ]);
    expect(rows[0].n).to.equal(eventLogLimits.maxQueuedAppends);
  });

  it('each order placed while PostgreSQL is unreachable fails with its own outcome', async () => {
    const unreachable = await createTestLog(4);
    const { placeOrders } = commandHandlers(unreachable, now);
    await unreachable.pool.end();
    const outcomes = await placeOrders([place(), { ...place(), orderId: operatorStreamId }, place()]);
    expect(outcomes.map(({ outcome }) => outcome)).to.deep.equal(['failed', 'rejected', 'failed']);
    await unreachable.owner.end();
    unreachable.redis.disconnect();
  });
});
