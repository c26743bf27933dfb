import pg from 'pg';
import type { Append, NewEvent } from './append.js';
import type { Pool } from './database.js';

/** The appends that one call carries to a partition, in their order. */
export interface PartitionBatch {
  readonly partition: number;
  readonly appends: readonly Append[];
}

/** What became of an append: all that an event has only once it is appended is null where it was refused. */
export interface AppendRow {
  readonly accepted: boolean;
  readonly version: number;
  readonly position: number | null;
  readonly recorded_at: string | null;
  /** 32 bytes an event; only there if it was asked for. */
  readonly hashes?: Buffer | null;
}

// $1 partition; $2 order ids, $3 expected versions, $4 event counts, an entry a command;
// $5 types, $6 data, $7 metadata, $8 times, an entry an event.
// data and metadata come as lines of one text: JSON text has no line break outside its strings and none inside, so this
// needs no escaping, where an array literal of JSON would escape every quote of it.
const fromOne = `
  from append_events($1::smallint, $2::uuid[], $3::integer[], $4::integer[], $5::text[],
    string_to_array($6, E'\\n'), string_to_array($7, E'\\n'), $8::timestamptz[])`;

// The same, but $1 partitions, an entry a command.
const fromSeveral = `
  from append_to_partitions($1::smallint[], $2::uuid[], $3::integer[], $4::integer[], $5::text[],
    string_to_array($6, E'\\n'), string_to_array($7, E'\\n'), $8::timestamptz[])`;

const columns = 'accepted, version, "position", recorded_at';
/** One partition has a function of its own that does less: an append that is alone is answered sooner. */
const statements = {
  one: { name: 'append-to-one', text: `select ${columns} ${fromOne}` },
  oneWithHashes: { name: 'append-to-one-hashes', text: `select ${columns}, hashes ${fromOne}` },
  several: { name: 'append-to-several', text: `select ${columns} ${fromSeveral}` },
  severalWithHashes: { name: 'append-to-several-hashes', text: `select ${columns}, hashes ${fromSeveral}` },
};

/**
 * Appends in one call and one transaction, and gives a row for each append in their order.
 * @param batches by ascending partition. @param withHashes whether the rows tell the events' hashes.
 */
export async function callAppend(
  pool: Pool,
  batches: readonly PartitionBatch[],
  withHashes: boolean,
): Promise<AppendRow[]> {
  const [first] = batches;
  const appends: Append[] = [];
  const partitions: number[] = [];
  const events: NewEvent[] = [];
  for (const batch of batches) {
    for (const append of batch.appends) {
      appends.push(append);
      partitions.push(batch.partition);
      for (const event of append.events) events.push(event);
    }
  }
  const isOne = batches.length === 1;
  const { name, text } = isOne
    ? statements[withHashes ? 'oneWithHashes' : 'one']
    : statements[withHashes ? 'severalWithHashes' : 'several'];
  const { rows } = await pool.query<AppendRow>({
    name,
    text,
    values: [
      isOne ? first?.partition : arrayLiteral(partitions),
      arrayLiteral(appends.map((one) => one.orderId)),
      arrayLiteral(appends.map((one) => one.expectedVersion)),
      arrayLiteral(appends.map((one) => one.events.length)),
      arrayLiteral(events.map((event) => event.type)),
      events.map((event) => event.data).join('\n'),
      events.map((event) => event.metadata).join('\n'),
      arrayLiteral(events.map((event) => event.occurredAt)),
    ],
  });
  if (rows.length !== appends.length) {
    throw new Error(`append was given ${appends.length} commands and answered for ${rows.length}`);
  }
  return rows;
}

/**
 * Whether a call for several partitions failed, with nothing done, for what may concern one of them alone: its lock was held by
 * somebody for too long (55P03), or PostgreSQL does not take what one of the events says (class 22).
 */
export function concernsOnePartition(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(55P03|22...)$/.test(error.code ?? '');
}

/** An array of values that need no quoting: ids, numbers, event types, RFC 3339 times. */
function arrayLiteral(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
