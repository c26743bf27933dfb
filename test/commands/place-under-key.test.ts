import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createCommandHandlers } from '../../src/commands/command-handlers.js';
import type { CommandOutcome, HandleCommand } from '../../src/commands/command-outcome.js';
import type { CommandRequest } from '../../src/commands/command-request.js';
import type { CommandDeps } from '../../src/commands/handle-command.js';
import { derivedOrderId } from '../../src/commands/order-ids.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { keyReservationType } from '../../src/event-log/key-reservation.js';
import { createStreamReader } from '../../src/event-log/read/read-stream.js';
import { forgetPerson } from '../../src/privacy/forget-person.js';
import { masterKeysOf } from '../../src/privacy/master-keys.js';
import { PersonKeys } from '../../src/privacy/person-keys.js';
import { createOpenedStreamReader } from '../../src/privacy/sealed-events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('An order that is placed with both an Idempotency-Key and an order id', () => {
  let log: TestLog;
  let deps: CommandDeps;
  let handle: HandleCommand;
  before(async () => {
    log = await createTestLog(4);
    const readStream = createStreamReader(log.pool, 4);
    deps = { readStream, ...createAppender(log.pool, log.settings, {}), now: () => new Date().toISOString() };
    handle = createCommandHandlers(deps).handleCommand;
  });
  after(() => log.close());

  const request = (idempotencyKey: string | undefined, orderId: string, totalAmount = 10): CommandRequest => ({
    orderId,
    command: { command: 'place', currency: 'USD', itemIds: ['a'], totalAmount, userId: 'u-1' },
    actor: 'shop',
    idempotencyKey,
    reservesKey: idempotencyKey !== undefined,
  });
  const keyAlone = (key: string, totalAmount?: number): CommandRequest => ({
    ...request(key, derivedOrderId('shop', key), totalAmount),
    reservesKey: false,
  });
  const orders = async () =>
    (await log.owner.query(`select from events where version = 1 and type = 'OrderPlaced'`)).rowCount ?? 0;
  /** The order of an outcome and whether it is a repetition, or the reason of its rejection. */
  const said = (outcome: CommandOutcome) =>
    outcome.outcome === 'handled'
      ? [outcome.order.orderId, outcome.replayed]
      : outcome.outcome === 'rejected'
        ? outcome.rejection.rejected
        : outcome.outcome;
  const newKey = () => randomUUID();

  it('is one order, whatever order id a retry carries, also if the retries arrive at the same time', async () => {
    const [before, key] = [await orders(), newKey()];
    const first = await handle(request(key, randomUUID()));
    expect(first).to.include({ outcome: 'handled', replayed: false });
    const [id] = said(first);
    expect(said(await handle(request(key, randomUUID())))).to.deep.equal([id, true]);
    expect(said(await handle(request(key, String(id))))).to.deep.equal([id, true]);
    expect(await orders()).to.equal(before + 1);

    const racing = newKey();
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => handle(request(racing, randomUUID()))));
    expect(new Set(outcomes.map((outcome) => said(outcome)[0])).size).to.equal(1);
    expect(outcomes.filter((outcome) => outcome.outcome === 'handled' && !outcome.replayed)).to.have.length(1);
    expect(await orders()).to.equal(before + 2);
  });

  it('cannot be placed again with other content under the key', async () => {
    const key = newKey();
    await handle(request(key, randomUUID()));
    expect(said(await handle(request(key, randomUUID(), 11)))).to.equal('idempotency-key-reused');
    expect(said(await handle(keyAlone(key, 11)))).to.equal('idempotency-key-reused');
  });

  it('is the same order for a request with the key alone, and the other way round', async () => {
    const [both, alone] = [newKey(), newKey()];
    const [id] = said(await handle(request(both, randomUUID())));
    expect(said(await handle(keyAlone(both)))).to.deep.equal([id, true]);
    const [derived] = said(await handle(keyAlone(alone)));
    expect(derived).to.equal(derivedOrderId('shop', alone));
    expect(said(await handle(request(alone, randomUUID())))).to.deep.equal([derived, true]);
    expect(said(await handle(request(alone, randomUUID(), 11)))).to.equal('idempotency-key-reused');
  });

  it('is placed under the reserved id by a retry if the process died in between', async () => {
    const [key, reserved] = [newKey(), randomUUID()];
    let appends = 0;
    const dying = createCommandHandlers({
      ...deps,
      append: async (append) => {
        appends += 1;
        if (appends === 2) throw new Error('killed');
        return deps.append(append);
      },
    });
    const failed = await dying.handleCommand(request(key, reserved)).catch((error: Error) => error.message);
    expect([failed, appends]).to.deep.equal(['killed', 2]);
    expect((await deps.readStream(reserved)).events).to.have.length(0);
    expect(said(await handle(request(key, randomUUID(), 11))), 'other content').to.equal('idempotency-key-reused');
    expect(said(await handle(request(key, randomUUID())))).to.deep.equal([reserved, false]);
    expect(said(await handle(keyAlone(key)))).to.deep.equal([reserved, true]);
  });

  it('is rejected if its id is taken, and a retry with another id is placed', async () => {
    const taken = randomUUID();
    await handle({ ...request(newKey(), taken), actor: 'another shop' });
    const key = newKey();
    expect(said(await handle(request(key, taken)))).to.equal('order-exists');
    expect(said(await handle(request(key, taken)))).to.equal('order-exists');
    const free = randomUUID();
    expect(said(await handle(request(key, free, 12))), 'rejected commands are not remembered').to.deep.equal([
      free,
      false,
    ]);
    expect(said(await handle(request(key, randomUUID(), 12)))).to.deep.equal([free, true]);

    const withoutId = newKey();
    expect(said(await handle(request(withoutId, taken)))).to.equal('order-exists');
    expect(said(await handle(keyAlone(withoutId)))[1]).to.equal(false);
  });

  it('reserves nothing if it is invalid', async () => {
    const key = newKey();
    expect(said(await handle(request(key, randomUUID(), 0.001)))).to.equal('invalid-command');
    expect((await deps.readStream(derivedOrderId('shop', key))).events).to.have.length(0);
  });

  it('leaves a reservation that accepts no command and is no order', async () => {
    const key = newKey();
    await handle(request(key, randomUUID()));
    const stream = derivedOrderId('shop', key);
    expect((await deps.readStream(stream)).events.map(({ type }) => type)).to.deep.equal([keyReservationType]);
    const pay = await handle({ orderId: stream, command: { command: 'pay' }, actor: 'shop' });
    expect(said(pay)).to.equal('order-not-found');
    const place = await handle({ ...request(undefined, stream), actor: 'another shop' });
    expect(said(place)).to.equal('invalid-command');
  });

  it('without a key, an order id is used once, also for equal content and after a cancellation', async () => {
    const id = randomUUID();
    await handle(request(undefined, id));
    expect(said(await handle(request(undefined, id)))).to.equal('order-exists');
    await handle({ orderId: id, command: { command: 'cancel', reason: 'r' }, actor: 'shop' });
    expect(said(await handle(request(undefined, id)))).to.equal('order-exists');
  });

  it('hashes its content under the person’s key, and forgetting the person leaves the reservation alone', async () => {
    const sealed = await createTestLog(2);
    const personKeys = new PersonKeys(sealed.pool, masterKeysOf(randomBytes(32)));
    const plainReader = createStreamReader(sealed.pool, 2);
    const { append, appendAll } = createAppender(sealed.pool, sealed.settings, {});
    const readStream = createOpenedStreamReader(personKeys, plainReader);
    const { handleCommand } = createCommandHandlers({ ...deps, readStream, append, appendAll, personKeys });
    const key = newKey();
    const [id] = said(await handleCommand(request(key, randomUUID())));
    expect(said(await handleCommand(request(key, randomUUID())))).to.deep.equal([id, true]);
    expect(said(await handleCommand(request(key, randomUUID(), 11)))).to.equal('idempotency-key-reused');
    const [reservation] = (await plainReader(derivedOrderId('shop', key))).events;
    expect(JSON.parse(reservation?.metadata ?? '{}')).to.include.keys('person', 'command_hash');
    const forgotten = await forgetPerson(
      { pool: sealed.pool, partitions: 2, personKeys, readStream: plainReader, append },
      'u-1',
      'asked',
      'operator:test',
    );
    expect(forgotten?.orders).to.equal(1);
    expect((await plainReader(derivedOrderId('shop', key))).events).to.have.length(1);
    expect(said(await handleCommand(request(key, randomUUID())))).to.deep.equal([id, true]);
    await sealed.close();
  });
});
