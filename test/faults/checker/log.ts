import pg from 'pg';

/** One event as it is stored. `data` and `metadata` are the texts that were hashed. */
export interface LogEvent {
  partition: number;
  position: number;
  orderId: string;
  version: number;
  type: string;
  data: string;
  metadata: string;
  occurredAt: string;
  recordedAt: string;
  hash: Buffer;
}

export interface PartitionHead {
  partition: number;
  position: number;
  hash: Buffer;
}

export interface Log {
  id: string;
  partitions: number;
  /** In order of partition and position. */
  events: LogEvent[];
  heads: PartitionHead[];
}

/** Types of events that belong to no order: reserved keys, and what operators did. */
export const isOrderEvent = (event: LogEvent) => event.type.startsWith('Order');

const utcTime = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;

/** Reads the whole log in one snapshot, so that the heads are those of the events. */
export async function readLog(databaseUrl: string): Promise<Log> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const settings = await client.query('select log_id, partitions from log_settings');
    const events = await client.query(`
      select partition, position, order_id, version, type, data::text, metadata::text,
             ${utcTime('occurred_at')}, ${utcTime('recorded_at')}, hash
      from events order by partition, position`);
    const heads = await client.query('select partition, head, hash from partition_heads order by partition');
    return {
      id: settings.rows[0].log_id,
      partitions: Number(settings.rows[0].partitions),
      events: events.rows.map((row) => ({
        partition: Number(row.partition),
        position: Number(row.position),
        orderId: row.order_id,
        version: Number(row.version),
        type: row.type,
        data: row.data,
        metadata: row.metadata,
        occurredAt: row.occurred_at,
        recordedAt: row.recorded_at,
        hash: row.hash,
      })),
      heads: heads.rows.map((row) => ({
        partition: Number(row.partition),
        position: Number(row.head),
        hash: row.hash,
      })),
    };
  } finally {
    await client.end();
  }
}
