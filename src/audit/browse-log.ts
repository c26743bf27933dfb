import type { Pool } from '../event-log/database.js';
import { genesisHash } from '../event-log/hash-chain.js';
import { readHeads } from '../event-log/heads/read-heads.js';
import { type OpenEvents, openEach, UnopenableEvent } from '../event-log/open-events.js';
import { positionAt } from '../event-log/read/positions-at.js';
import { readHashes, readPartition } from '../event-log/read/read-partition.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { count, type FromSchema, list, nullable, object, record, sha256, text, time, uuid } from '../json-schema.js';
import { orderPartition } from '../orders/values/partition.js';
import { exportedEvent, recomputedHash } from './exported-event.js';

const loggedEventSchema = object({
  partition: count,
  position: count,
  order_id: uuid,
  version: count,
  type: text,
  data: { ...record({}), description: 'As in the log: amounts are in minor units. Sealed data is opened.' },
  is_sealed: { type: 'boolean', description: 'Whether the data is still sealed, because it cannot be opened.' },
  metadata: { ...record({}), description: 'The actor, the request and the schema version of the event.' },
  occurred_at: time,
  recorded_at: time,
  previous_hash: {
    ...nullable(sha256),
    description: 'The hash of the event before it in the partition, SHA-256, hex; null if the log lacks that event.',
  },
  hash: sha256,
  is_intact: { type: 'boolean', description: 'Whether the hash is that of the content and of the hash before it.' },
});

/** A part of the log, by position, or of one stream, by version. */
export const logPageSchema = object({
  events: list(loggedEventSchema),
  head: { ...nullable(count), description: 'The last position of the partition; null for a stream.' },
  next_after: {
    ...nullable(count),
    description: 'The position, or in a stream the version, after which the next page begins; null at the end.',
  },
});

export type LogPage = FromSchema<typeof logPageSchema>;
type LoggedEvent = LogPage['events'][number];

export interface BrowseLog {
  /** Events of a partition after a position. */
  partition(partition: number, after: number, limit: number): Promise<LogPage>;
  /** Events of a stream after a version, within the limits of a page of a stream. */
  stream(orderId: string, after: number, limit: number): Promise<LogPage>;
  /** The last position of a partition that was recorded by a time (RFC 3339, UTC). */
  positionAt(partition: number, at: string): Promise<number>;
}

export interface BrowseDeps {
  readonly pool: Pool;
  readonly partitions: number;
  readonly readStream: ReadStream;
  readonly open: OpenEvents;
}

/**
 * Reads the log for people, from PostgreSQL: an auditor needs what was written, not a copy. A log
 * that was changed is shown as it is, with the events that are not intact.
 */
export function createBrowseLog({ pool, partitions, readStream, open }: BrowseDeps): BrowseLog {
  /** @param hashes by position: those of the events before; the log lacks the others. */
  async function shown(stored: readonly StoredEvent[], hashes: ReadonlyMap<number, Buffer>): Promise<LoggedEvent[]> {
    const opened = await openEach(open, stored);
    return stored.map((event, index) => {
      const previous = hashes.get(event.position - 1);
      const exported = exportedEvent(event, previous ?? genesisHash);
      const one = opened[index] ?? event;
      const isSealed = one instanceof UnopenableEvent;
      return {
        ...exported,
        previous_hash: previous === undefined ? null : exported.previous_hash,
        data: JSON.parse((isSealed ? event : one).data) as LoggedEvent['data'],
        is_sealed: isSealed,
        metadata: JSON.parse(event.metadata) as LoggedEvent['metadata'],
        is_intact: previous !== undefined && recomputedHash(exported) === exported.hash,
      };
    });
  }
  return {
    async partition(partition, after, limit) {
      const head = (await readHeads(pool)).find((one) => one.partition === partition)?.position ?? 0;
      const stored = await readPartition(pool, partition, after, limit);
      const before = await readHashes(pool, partition, [(stored[0]?.position ?? 1) - 1]);
      const own = stored.map(({ position, hash }): [number, Buffer] => [position, hash]);
      const events = await shown(stored, new Map([...before, ...own]));
      const last = events.at(-1)?.position;
      return { events, head, next_after: last !== undefined && last < head ? last : null };
    },
    async stream(orderId, after, limit) {
      const { events: found, isLast } = await readStream(orderId, after);
      const stored = found.slice(0, limit);
      const partition = orderPartition(orderId, partitions);
      const before = stored.map(({ position }) => position - 1);
      const events = await shown(stored, await readHashes(pool, partition, before));
      const isEnd = isLast && stored.length === found.length;
      return { events, head: null, next_after: isEnd ? null : (events.at(-1)?.version ?? null) };
    },
    positionAt: (partition, at) => positionAt(pool, partition, at),
  };
}
