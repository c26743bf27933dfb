import { once } from 'node:events';
import { type ExportedEvent, exportedColumns, exportedEvent } from '../../audit/exported-event.js';
import { csvLine } from '../../csv-line.js';
import type { Pool } from '../../event-log/database.js';
import { readHeads } from '../../event-log/heads/read-heads.js';
import { positionsAt } from '../../event-log/read/positions-at.js';
import { readHash } from '../../event-log/read/read-partition.js';
import { scanPartition } from '../../event-log/read/scan-partition.js';
import { recordedEvent, type StoredEvent } from '../../event-log/stored-event.js';
import { parseRfc3339 } from '../../http/request/rfc3339.js';
import { isUuid } from '../../http/request/validation.js';
import { type OpenLog, withLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';

const usage = `orders export [options] > FILE

  Every event just as it was hashed, with its hash and that of the event before, by partition, in order.
  orders verify --export FILE checks such a file.

  --from TIME, --to TIME   what was recorded at or after, and before (RFC 3339)
  --order ORDER_ID         only the events of one order
  --user USER_ID           only the events of one user's orders
  --format ndjson|csv      NDJSON by default`;

interface Filter {
  readonly order: string | undefined;
  readonly user: string | undefined;
}

/** `orders export`: streams events to standard output, at the pace of whoever reads them. */
export async function exportCommand(args: string[]): Promise<void> {
  const { values } = readArguments(args, usage, {
    from: { type: 'string' },
    to: { type: 'string' },
    order: { type: 'string' },
    user: { type: 'string' },
    format: { type: 'string' },
  });
  if (values.help) return console.log(usage);
  const format = values.format ?? 'ndjson';
  if (format !== 'ndjson' && format !== 'csv') throw new UsageError(usage);
  if (values.order !== undefined && !isUuid(values.order)) throw new UsageError('--order ORDER_ID: the order’s UUID');
  const filter = { order: values.order?.toLowerCase(), user: values.user };
  await withLog(async ({ pool, open }) => {
    const heads = new Map((await readHeads(pool)).map(({ partition, position }) => [partition, position]));
    const after = values.from === undefined ? undefined : await positionsAt(pool, { at: justBefore(values.from) });
    const until = values.to === undefined ? heads : await positionsAt(pool, { at: justBefore(values.to) });
    if (format === 'csv') await write(csvLine(exportedColumns));
    for (const [partition, last] of until) {
      for await (const event of select(pool, open, partition, after?.get(partition) ?? 0, last, filter)) {
        const line =
          format === 'csv' ? csvLine(exportedColumns.map((name) => event[name])) : `${JSON.stringify(event)}\n`;
        if (!(await write(line))) return;
      }
    }
  });
}

/** The events after one position up to another that the filter lets through. */
async function* select(
  pool: Pool,
  open: OpenLog['open'],
  partition: number,
  after: number,
  last: number,
  { order, user }: Filter,
): AsyncGenerator<ExportedEvent> {
  if (after >= last) return;
  // Whose an order is says only its first event: for a user, the partition is read from the beginning.
  const start = user === undefined ? after : 0;
  const orders = new Set<string>();
  let previous = await readHash(pool, partition, start);
  for await (const event of scanPartition(pool, partition, start)) {
    if (event.position > last) return;
    if (user !== undefined && (await isPlacedBy(open, event, user))) orders.add(event.orderId);
    const wanted =
      event.position > after &&
      (order === undefined || event.orderId === order) &&
      (user === undefined || orders.has(event.orderId));
    if (wanted) yield exportedEvent(event, previous);
    previous = event.hash;
  }
}

async function isPlacedBy(open: OpenLog['open'], stored: StoredEvent, user: string): Promise<boolean> {
  if (stored.type !== 'OrderPlaced') return false;
  const [opened = stored] = await open([stored]);
  const event = recordedEvent(opened);
  return event.type === 'OrderPlaced' && event.data.user_id === user;
}

/** False once nobody reads any more. */
async function write(text: string): Promise<boolean> {
  if (!process.stdout.writable) return false;
  if (!process.stdout.write(text)) await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
  return process.stdout.writable;
}

/** The last moment before a time: recorded_at has milliseconds. */
function justBefore(time: string): string {
  const ms = parseRfc3339(time);
  if (ms === undefined) throw new UsageError(`"${time}" is not an RFC 3339 time such as 2026-01-31T12:00:00Z`);
  return new Date(ms - 1).toISOString();
}
