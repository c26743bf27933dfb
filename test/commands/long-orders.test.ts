import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createCommandHandlers } from '../../src/commands/command-handlers.js';
import type { CommandOutcome, HandleCommand } from '../../src/commands/command-outcome.js';
import { OrderCache } from '../../src/commands/order-cache.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { eventLogLimits } from '../../src/event-log/limits.js';
import { createStreamReader, type ReadStream } from '../../src/event-log/read/read-stream.js';
import type { OrderCommand } from '../../src/orders/commands.js';
import { forgetPerson } from '../../src/privacy/forget-person.js';
import { masterKeysOf } from '../../src/privacy/master-keys.js';
import { PersonKeys } from '../../src/privacy/person-keys.js';
import { createOpenedStreamReader } from '../../src/privacy/sealed-events.js';
import { appender, commandHandlers, noteEvent, placedEvent } from '../support/events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

const events = 1_200;

describe('A command on a long order', () => {
  let log: TestLog;
  /** The events that the handler under test has read since `reset`. */
  let read = 0;
  let cache: OrderCache;
  let handle: HandleCommand;
  before(async () => {
    log = await createTestLog(4);
  });
  after(() => log.close());

  function startHandler(personKeys?: PersonKeys): void {
    const plain = createStreamReader(log.pool, 4);
    const counted: ReadStream = async (...page) => {
      const found = await plain(...page);
      read += found.events.length;
      return found;
    };
    cache = new OrderCache(personKeys && ((persons) => personKeys.forgotten(persons)));
    handle = createCommandHandlers({
      readStream: createOpenedStreamReader(personKeys, counted),
      personKeys,
      orderCache: cache,
      ...createAppender(log.pool, log.settings, {}),
      now: () => new Date().toISOString(),
    }).handleCommand;
  }
  beforeEach(() => {
    startHandler();
    read = 0;
  });

  const send = (orderId: string, command: OrderCommand, idempotencyKey?: string, by = handle) =>
    by({ orderId, command, actor: 'test', idempotencyKey });
  const note = (orderId: string, idempotencyKey?: string, by = handle) =>
    send(orderId, { command: 'note', text: 'n' }, idempotencyKey, by);
  const versionOf = (outcome: CommandOutcome) => (outcome.outcome === 'handled' ? outcome.order.version : outcome);

  async function longOrder(): Promise<string> {
    const orderId = randomUUID();
    const append = appender(log, true);
    await append({ orderId, expectedVersion: 0, events: [placedEvent()] });
    for (let version = 1; version < events; version += 400) {
      const notes = Array.from({ length: Math.min(400, events - version) }, () => noteEvent('x'));
      await append({ orderId, expectedVersion: version, events: notes });
    }
    return orderId;
  }

  it('reads the whole stream once, and then only the events since the last command', async () => {
    const orderId = await longOrder();
    expect(versionOf(await note(orderId, 'first'))).to.equal(events + 1);
    // The first page is read a second time, once the order is known to be long.
    expect(read).to.be.within(events, events + eventLogLimits.maxFirstStreamEvents);
    read = 0;
    for (let nth = 2; nth <= 6; nth += 1) expect(versionOf(await note(orderId))).to.equal(events + nth);
    expect(read).to.equal(5);
  });

  it('reads only what another process has appended, and decides on it', async () => {
    const orderId = await longOrder();
    await note(orderId);
    const other = commandHandlers(log).handleCommand;
    await send(orderId, { command: 'cancel', reason: 'r' }, undefined, other);
    read = 0;
    const outcome = await send(orderId, { command: 'process' });
    expect(outcome.outcome).to.equal('rejected');
    // The own event before, and that of the other process.
    expect(read).to.equal(2);
  });

  it('that was handled before is recognised without reading the stream again', async () => {
    const orderId = await longOrder();
    await note(orderId, 'k');
    read = 0;
    const again = await note(orderId, 'k');
    expect(again).to.deep.include({ outcome: 'handled', replayed: true });
    expect(versionOf(again)).to.equal(events + 1);
    expect((await send(orderId, { command: 'hold', reason: 'r' }, 'k')).outcome).to.equal('idempotency-key-reused');
    expect(read).to.equal(1);
    // The state of then has to be folded once another event has followed.
    await note(orderId);
    expect(versionOf(await note(orderId, 'k'))).to.equal(events + 1);
  });

  it('is decided again if the log has another event at the version that was kept', async () => {
    const orderId = await longOrder();
    await note(orderId);
    await note(orderId);
    await log.owner.query('alter table events disable trigger all');
    await log.owner.query('update events set hash = sha256(hash) where order_id = $1 and version = $2', [
      orderId,
      events + 1,
    ]);
    await log.owner.query('alter table events enable trigger all');
    read = 0;
    expect(versionOf(await note(orderId))).to.equal(events + 3);
    expect(read).to.be.greaterThan(events);
  });

  it('whose events have reached their limit of bytes is accepted only if it closes the order', async () => {
    const orderId = randomUUID();
    const append = appender(log, true);
    await append({ orderId, expectedVersion: 0, events: [placedEvent()] });
    const megabyte = noteEvent('x'.repeat(1024 * 1024));
    for (let version = 1; version <= 32; version += 1) {
      await append({ orderId, expectedVersion: version, events: [megabyte] });
    }
    const outcome = await note(orderId);
    expect(outcome.outcome === 'rejected' && [outcome.rejection.rejected, outcome.rejection.detail]).to.deep.equal([
      'order-history-full',
      'The events of the order would exceed 32 MiB. The order can now only be closed: cancel, deliver or return everything, then settle the whole balance.',
    ]);
    expect(versionOf(await send(orderId, { command: 'cancel', reason: 'r' }))).to.equal(34);
  });

  it('of a forgotten person is decided without what was kept of the person', async () => {
    const personKeys = new PersonKeys(log.pool, masterKeysOf(randomBytes(32)));
    startHandler(personKeys);
    const orderId = randomUUID();
    const place: OrderCommand = {
      command: 'place',
      userId: 'forgotten user',
      currency: 'USD',
      totalAmount: 1,
      itemIds: ['a'],
    };
    await send(orderId, place);
    for (let nth = 0; nth < eventLogLimits.maxFirstStreamEvents; nth += 1) await note(orderId);
    expect(cache.has(orderId)).to.equal(true);
    const plain = createStreamReader(log.pool, 4);
    await forgetPerson(
      { pool: log.pool, partitions: 4, personKeys, readStream: plain, append: appender(log, true) },
      'forgotten user',
      'asked',
      'operator:test',
    );
    await cache.dropForgotten();
    expect(cache.has(orderId)).to.equal(false);
    const outcome = await send(orderId, { command: 'hold', reason: 'r' });
    expect(outcome.outcome === 'handled' && outcome.order.userId).to.equal('[erased]');
  });
});

describe('The cache of folded orders', () => {
  const state = (size: number) => ({
    order: undefined,
    userId: '',
    person: undefined,
    last: undefined,
    bytes: 0,
    keys: new Map([['x'.repeat(size), []]]),
  });

  it('keeps the orders that were used last, up to its limit of bytes', () => {
    const cache = new OrderCache(undefined, 10_000);
    for (const id of ['a', 'b', 'c']) cache.set(id, state(3_000));
    cache.set('a', cache.take('a') ?? state(0));
    cache.set('d', state(3_000));
    expect(['a', 'b', 'c', 'd'].filter((id) => cache.has(id))).to.deep.equal(['a', 'c', 'd']);
    cache.set('e', state(20_000));
    expect(cache.has('e')).to.equal(false);
    expect(cache.bytes).to.be.within(9_000, 10_000);
    for (const id of ['a', 'c', 'd']) cache.take(id);
    expect(cache.bytes).to.equal(0);
  });
});
