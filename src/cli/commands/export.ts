import { type ExportedEvent, exportedColumns, exportedEvent } from '../../audit/exported-event.js';
import { csvLine } from '../../csv-line.js';
import { readHeadPositions } from '../../event-log/heads/read-heads.js';
import { positionsAt } from '../../event-log/read/positions-at.js';
import { readHash } from '../../event-log/read/read-partition.js';
import { scanOrder } from '../../event-log/read/scan-order.js';
import { scanPartition } from '../../event-log/read/scan-partition.js';
import type { StoredEvent } from '../../event-log/stored-event.js';
import { orderPartition } from '../../orders/values/partition.js';
import { parseRfc3339, timeForms } from '../../orders/values/rfc3339.js';
import { canonicalUuid, isUuid } from '../../orders/values/uuid.js';
import { openStream } from '../../privacy/sealed-events.js';
import type { EventLogConnection } from '../../service/connect.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError, wrongCall } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders export [options] > FILE

  Writes events exactly as they were hashed, each with its hash and the hash of the event before it,
  ordered by partition and position. \`orders verify --export FILE\` checks such a file.

  --from TIME              only events recorded at this time or later (RFC 3339)
  --to TIME                only events recorded before this time (RFC 3339)
  --order ORDER_ID         only the events of one order
  --user USER_ID           only the events of one user's orders
  --format ndjson|csv      by default ndjson

  Example: orders export --from 2026-01-01T00:00:00Z > events.ndjson`;

/** A range of positions in one partition: after `after`, up to and including `last`. */
interface Range {
  readonly partition: number;
  readonly after: number;
  readonly last: number;
}

/** `orders export`: streams events to standard output, only as fast as they are read from it. */
export async function exportCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = {
    from: { type: 'string' },
    to: { type: 'string' },
    order: { type: 'string' },
    user: { type: 'string' },
    format: { type: 'string' },
  } as const;
  const { values } = readArguments(args, usage, options, 0);
  if (values.help) return terminal.print(usage);
  const format = values.format ?? 'ndjson';
  if (format !== 'ndjson' && format !== 'csv') throw wrongCall(`--format ${format}: use ndjson or csv`, usage);
  if (values.order !== undefined && !isUuid(values.order)) throw new UsageError('--order must be the UUID of an order');
  const { user } = values;
  const order = values.order === undefined ? undefined : canonicalUuid(values.order);
  await withEventLog({ terminal }, async (eventLog) => {
    const { pool } = eventLog;
    const heads = await readHeadPositions(pool);
    const after = values.from === undefined ? undefined : await positionsAt(pool, { at: justBefore(values.from) });
    const until = values.to === undefined ? heads : await positionsAt(pool, { at: justBefore(values.to) });
    if (format === 'csv') await terminal.write(csvLine(exportedColumns));
    const rangeOf = (partition: number, last: number): Range => ({
      ...{ partition, last },
      after: after?.get(partition) ?? 0,
    });
    async function* selected(): AsyncGenerator<ExportedEvent> {
      if (order !== undefined) {
        const partition = orderPartition(order, eventLog.settings.partitions);
        yield* selectOrder(eventLog, rangeOf(partition, until.get(partition) ?? 0), order, user);
        return;
      }
      for (const [partition, last] of until) yield* select(eventLog, rangeOf(partition, last), user);
    }
    for await (const event of selected()) {
      const line =
        format === 'csv' ? csvLine(exportedColumns.map((name) => event[name])) : `${JSON.stringify(event)}\n`;
      if (!(await terminal.write(line))) return;
    }
  });
}

/** The events of an order in a range; of a user's order alone if there is one. */
async function* selectOrder(
  { pool, settings, openEvents }: EventLogConnection,
  { after, last }: Range,
  order: string,
  user: string | undefined,
): AsyncGenerator<ExportedEvent> {
  for await (const { event, previousHash } of scanOrder(pool, settings, order)) {
    if (event.version === 1 && user !== undefined && !(await isPlacedBy(openEvents, event, user))) return;
    if (event.position > after && event.position <= last) yield exportedEvent(event, previousHash);
  }
}

/** The events in a range of a partition; those of a user's orders alone if there is one. */
async function* select(
  { pool, openEvents }: EventLogConnection,
  { partition, after, last }: Range,
  user: string | undefined,
): AsyncGenerator<ExportedEvent> {
  if (after >= last) return;
  // Only the first event of an order names its user. For a user, read the partition from its start.
  const start = user === undefined ? after : 0;
  const ordersOfUser = new Set<string>();
  let previousHash = await readHash(pool, partition, start);
  for await (const event of scanPartition(pool, partition, start)) {
    if (event.position > last) return;
    if (user !== undefined && (await isPlacedBy(openEvents, event, user))) ordersOfUser.add(event.orderId);
    const matches = event.position > after && (user === undefined || ordersOfUser.has(event.orderId));
    if (matches) yield exportedEvent(event, previousHash);
    previousHash = event.hash;
  }
}

/** An export is evidence, so it does not fail on an event whose data is malformed. */
async function isPlacedBy(
  openEvents: EventLogConnection['openEvents'],
  stored: StoredEvent,
  user: string,
): Promise<boolean> {
  if (stored.type !== 'OrderPlaced') return false;
  const [opened = stored] = await openStream(openEvents, [stored]);
  const data: unknown = JSON.parse(opened.data);
  return typeof data === 'object' && data !== null && 'user_id' in data && data.user_id === user;
}

/** The last moment before a time: recorded_at has a precision of one millisecond. */
function justBefore(time: string): string {
  const ms = parseRfc3339(time);
  if (ms === undefined) throw new UsageError(`"${time}" is not ${timeForms.time}`);
  return new Date(ms - 1).toISOString();
}
