import pg from 'pg';
import type { Pool } from '../database.js';
import { hashBytes } from '../hash-chain.js';
import { eventLogLimits as limits } from '../limits.js';
import type { Append, NewEvent } from './append.js';
import { createPipelinedConnection, type SendStatement } from './pipelined-connection.js';

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
  readonly hashes?: Buffer | null | undefined;
}

// data and metadata come as lines of one text: JSON text has no line break outside its strings and none inside, so this
// needs no escaping, where an array literal of JSON would escape every quote of it.

// $1 partition; $2 order ids, $3 expected versions, $4 event counts, an entry a command;
// $5 types, $6 data, $7 metadata, $8 times, an entry an event.
const eachOfOne = `
  from append_events($1::smallint, $2::uuid[], $3::integer[], $4::integer[], $5::text[],
    string_to_array($6, E'\\n'), string_to_array($7, E'\\n'), $8::timestamptz[])`;

// The same, but $1 partitions, an entry a command.
const eachOfSeveral = `
  from append_to_partitions($1::smallint[], $2::uuid[], $3::integer[], $4::integer[], $5::text[],
    string_to_array($6, E'\\n'), string_to_array($7, E'\\n'), $8::timestamptz[])`;

// $1 partitions, $2 order ids, $3 versions, $4 types, $5 data, $6 metadata, $7 times, an entry an event.
const allOrNothing = (withHashes: boolean) => `
  from append_all_or_nothing($1::smallint[], $2::uuid[], $3::integer[], $4::text[],
    string_to_array($5, E'\\n'), string_to_array($6, E'\\n'), $7::timestamptz[], ${withHashes})`;

const ofEach = 'accepted, version, "position", recorded_at';
const ofAll = 'partition, "position", recorded_at';
/** One partition has a function of its own that does less: an append that is alone is answered sooner. */
const statements = {
  one: { name: 'append-to-one', text: `select ${ofEach} ${eachOfOne}` },
  oneWithHashes: { name: 'append-to-one-hashes', text: `select ${ofEach}, hashes ${eachOfOne}` },
  several: { name: 'append-to-several', text: `select ${ofEach} ${eachOfSeveral}` },
  severalWithHashes: { name: 'append-to-several-hashes', text: `select ${ofEach}, hashes ${eachOfSeveral}` },
  all: { name: 'append-all', text: `select ${ofAll} ${allOrNothing(false)}` },
  allWithHashes: { name: 'append-all-hashes', text: `select ${ofAll}, hashes ${allOrNothing(true)}` },
};

/**
 * Appends in one call and one transaction, and gives a row for each append in their order.
 * @param batches by ascending partition.
 */
export type CallAppend = (batches: readonly PartitionBatch[]) => Promise<AppendRow[]>;

/**
 * Appends of several partitions are first tried as if none were refused, which costs less than to look at each. Where one is, nothing was done, and the
 * call that refuses it alone follows. As long as that refuses some, the first is not tried: commands that are sent again tend to come together.
 *
 * Calls for several partitions go out one behind the other. One partition's may wait for a lock for as long as a statement may take: it has a connection
 * of its own.
 * @param withHashes whether the rows tell the events' hashes.
 */
export function createAppendStatements(pool: Pool, withHashes: boolean): CallAppend {
  const alone: SendStatement = (statement) => pool.query(statement);
  const inTurn = createPipelinedConnection(pool, limits.appendCallSlowMs);
  let refusalsLately = false;
  return async (batches) => {
    if (batches.length === 1) return appendEach(alone, batches, withHashes);
    if (!refusalsLately) {
      const rows = await appendAll(inTurn, batches, withHashes);
      if (rows) return rows;
    }
    const rows = await appendEach(inTurn, batches, withHashes);
    refusalsLately = rows.some(({ accepted }) => !accepted);
    return rows;
  };
}

async function appendEach(
  send: SendStatement,
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
  const { rows } = await send<AppendRow>({
    ...(isOne
      ? statements[withHashes ? 'oneWithHashes' : 'one']
      : statements[withHashes ? 'severalWithHashes' : 'several']),
    values: [
      isOne ? first?.partition : arrayLiteral(partitions),
      arrayLiteral(appends.map((one) => one.orderId)),
      arrayLiteral(appends.map((one) => one.expectedVersion)),
      arrayLiteral(appends.map((one) => one.events.length)),
      ...columnsOf(events),
    ],
  });
  if (rows.length !== appends.length) {
    throw new Error(`append was given ${appends.length} commands and answered for ${rows.length}`);
  }
  return rows;
}

interface PartitionRow {
  readonly partition: number;
  /** Of its last event. */
  readonly position: number;
  readonly recorded_at: string;
  readonly hashes?: Buffer | null;
}

/** Undefined: one of them is to be refused, and nothing was done. */
async function appendAll(
  send: SendStatement,
  batches: readonly PartitionBatch[],
  withHashes: boolean,
): Promise<AppendRow[] | undefined> {
  const partitions: number[] = [];
  const orderIds: string[] = [];
  const versions: number[] = [];
  const events: NewEvent[] = [];
  for (const { partition, appends } of batches) {
    for (const append of appends) {
      let version = append.expectedVersion;
      for (const event of append.events) {
        version += 1;
        partitions.push(partition);
        orderIds.push(append.orderId);
        versions.push(version);
        events.push(event);
      }
    }
  }
  const { rows } = await send<PartitionRow>({
    ...statements[withHashes ? 'allWithHashes' : 'all'],
    values: [arrayLiteral(partitions), arrayLiteral(orderIds), arrayLiteral(versions), ...columnsOf(events)],
  });
  if (rows.length === 0) return undefined;
  return batches.flatMap((batch, index) => {
    const row = rows[index];
    if (row?.partition !== batch.partition) throw new Error(`append did not answer for partition ${batch.partition}`);
    return rowsOf(batch, row);
  });
}

/** What became of each append of a partition all of whose appends were accepted. */
function rowsOf({ appends }: PartitionBatch, { position: last, recorded_at, hashes }: PartitionRow): AppendRow[] {
  let position = last - appends.reduce((events, append) => events + append.events.length, 0);
  let hashesAt = 0;
  return appends.map(({ expectedVersion, events }) => {
    position += events.length;
    const from = hashesAt;
    hashesAt += events.length * hashBytes;
    const version = expectedVersion + events.length;
    return { accepted: true, version, position, recorded_at, hashes: hashes?.subarray(from, hashesAt) };
  });
}

/** Types, data, metadata and times, as the statements take them. */
function columnsOf(events: readonly NewEvent[]): [string, string, string, string] {
  return [
    arrayLiteral(events.map((event) => event.type)),
    events.map((event) => event.data).join('\n'),
    events.map((event) => event.metadata).join('\n'),
    arrayLiteral(events.map((event) => event.occurredAt)),
  ];
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
