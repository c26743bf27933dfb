import { randomUUID } from 'node:crypto';
import { type CommandHandlers, createCommandHandlers } from '../../src/commands/command-handlers.js';
import type { AppendEvents, NewEvent } from '../../src/event-log/append/append.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { LogContinuity } from '../../src/event-log/heads/log-continuity.js';
import { LogHeads } from '../../src/event-log/heads/log-heads.js';
import { createHeadsNotifier } from '../../src/event-log/heads/notify-heads.js';
import { type RecordedOperatorEvent, readOperatorEvents } from '../../src/event-log/operators/operator-events.js';
import { createStreamReader, type ReadStream, streamPages } from '../../src/event-log/read/read-stream.js';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import { orderPartition } from '../../src/orders/values/partition.js';
import { utcTime } from '../../src/orders/values/utc-time.js';
import type { PersonKeys } from '../../src/privacy/person-keys.js';
import { createOpenedStreamReader } from '../../src/privacy/sealed-events.js';
import type { Projection } from '../../src/projections/projection.js';
import { Projector } from '../../src/projector/projector.js';
import { silent, type TestLog } from './servers.js';

export function placedEvent(user = 'u-1', totalMinor = 1000): NewEvent {
  return {
    type: 'OrderPlaced',
    data: JSON.stringify({
      user_id: user,
      currency: 'USD',
      total_minor: totalMinor,
      items: [{ item_id: 'a', quantity: 1, unit_price_minor: null }],
      metadata: {},
    }),
    metadata: JSON.stringify({ schema: 1, actor: 'test' }),
    occurredAt: '2026-01-01T00:00:00.000Z',
  };
}

export function noteEvent(text: string): NewEvent {
  return { ...placedEvent(), type: 'OrderNoteAdded', data: JSON.stringify({ text }) };
}

export function event(type: string, data: object): NewEvent {
  return { ...placedEvent(), type, data: JSON.stringify(data) };
}

/** A new order id that lives in this partition. */
export function orderIdIn(partition: number, partitions: number): string {
  for (;;) {
    const id = randomUUID();
    if (orderPartition(id, partitions) === partition) return id;
  }
}

/** The append of the service; `quiet` sends no notification. */
export function appender(log: TestLog, quiet = false): AppendEvents {
  return createAppender(
    log.pool,
    log.settings,
    quiet ? {} : { onHeadMoved: createHeadsNotifier(log.pool, log.settings, silent) },
  ).append;
}

/** All events of a stream. */
export async function wholeStream(readStream: ReadStream, orderId: string): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const { events } of streamPages(readStream, orderId)) all.push(...events);
  return all;
}

export async function operatorEventsOf({ pool, settings }: TestLog): Promise<RecordedOperatorEvent[]> {
  const all: RecordedOperatorEvent[] = [];
  for await (const one of readOperatorEvents(createStreamReader(pool, settings))) all.push(one);
  return all;
}

/** The command handlers of the service. */
export function commandHandlers(
  log: TestLog,
  now = () => utcTime(Date.now()),
  personKeys?: PersonKeys,
): CommandHandlers {
  return createCommandHandlers({
    readStream: createOpenedStreamReader(personKeys, createStreamReader(log.pool, log.settings.partitions)),
    personKeys,
    ...createAppender(log.pool, log.settings, { onHeadMoved: createHeadsNotifier(log.pool, log.settings, silent) }),
    now,
  });
}

export async function place(append: AppendEvents, orderId: string, totalMinor = 1000) {
  const result = await append({ orderId, expectedVersion: 0, events: [placedEvent('u-1', totalMinor)] });
  if (!result.appended) throw new Error('the order was there already');
  return result;
}

/** A projector in this process. */
export async function startProjector(
  log: TestLog,
  projections?: readonly Projection[],
): Promise<{ projector: Projector; logHeads: LogHeads; stop: () => Promise<void> }> {
  const logHeads = new LogHeads(log.databaseUrl, new LogContinuity(log.pool, log.settings, silent), silent);
  await logHeads.start();
  const { databaseUrl: database, settings, pool, redis, keys } = log;
  const projector = new Projector({
    database,
    settings,
    pool,
    rebuildPool: pool,
    redis,
    keys,
    logHeads,
    log: silent,
    owner: 'test',
    ...(projections ? { projections } : {}),
  });
  projector.start();
  return {
    projector,
    logHeads,
    stop: async () => {
      await projector.close();
      await logHeads.close();
    },
  };
}

/** A projection that records in memory the positions that it was given, by partition, in order. */
export function recorder(seen: Map<number, number[]>): Projection {
  return {
    name: 'recorder',
    version: 1,
    load: async () => undefined,
    project(events) {
      for (const { stored } of events)
        seen.set(stored.partition, [...(seen.get(stored.partition) ?? []), stored.position]);
      return [];
    },
  };
}
