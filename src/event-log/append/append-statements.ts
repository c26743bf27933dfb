import pg from 'pg';
import type { Pool } from '../database.js';
import { hashBytes } from '../hash-chain.js';
import { eventLogLimits as limits } from '../limits.js';
import { ClockBehind, LogWentBack } from '../log-went-back.js';
import type { Append, KnownLog, NewEvent } from './append.js';
import { createPipelinedConnection, type SendStatement } from './pipelined-connection.js';

/** The appends that one call carries for one partition, in order. */
export interface PartitionBatch {
  readonly partition: number;
  readonly appends: readonly Append[];
}

/** The result of one append. Fields that only appended events have are null if it was rejected. */
export interface AppendRow {
  readonly accepted: boolean;
  readonly version: number;
  readonly position: number | null;
  readonly recorded_at: string | null;
  /**
   * The events' hashes, 32 bytes each, one after the other. If they were not requested, the hash of
   * the last event, or nothing.
   */
  readonly hashes?: Buffer | null | undefined;
}

// data and metadata are sent as lines of one text. JSON text as it is queued has no line breaks, so
// this needs no escaping. An array literal would escape every quote of the JSON.
//
// The functions in sql/ say what they lock, in which order they return rows, and which indexes
// serve them. Callers pass partitions in ascending order.

// $1 partition; $2 order ids, $3 expected versions, $4 event counts, one entry per command;
// $5 types, $6 data, $7 metadata, $8 times, one entry per event;
// $9 the epoch, $10 the known head, $11 the limit of the clock (check_partition_head).
const eachOfOne = `
  from append_events($1::smallint, $2::uuid[], $3::integer[], $4::integer[], $5::text[],
    string_to_array($6, E'\\n'), string_to_array($7, E'\\n'), $8::timestamptz[], $9, $10::bigint, $11::interval)`;

// As above, but $1 partitions, one entry per command, and $10 the known heads, one per partition.
const eachOfSeveral = `
  from append_to_partitions($1::smallint[], $2::uuid[], $3::integer[], $4::integer[], $5::text[],
    string_to_array($6, E'\\n'), string_to_array($7, E'\\n'), $8::timestamptz[], $9, $10::bigint[], $11::interval)`;

// $1 partitions, $2 order ids, $3 versions, $4 types, $5 data, $6 metadata, $7 times, one entry per
// event; $8 to $10 as $9 to $11 above.
const allOrNothing = (withHashes: boolean) => `
  from append_all_or_nothing($1::smallint[], $2::uuid[], $3::integer[], $4::text[],
    string_to_array($5, E'\\n'), string_to_array($6, E'\\n'), $7::timestamptz[], ${withHashes},
    $8, $9::bigint[], $10::interval)`;

const ofEach = 'accepted, version, "position", recorded_at';
const lastHash = `substr(hashes, length(hashes) - ${hashBytes - 1}) as hashes`;
const ofAll = 'partition, "position", recorded_at';
/**
 * append_events, for one partition, does less than append_to_partitions: a single append is faster.
 */
const statements = {
  one: { name: 'append-to-one', text: `select ${ofEach}, ${lastHash} ${eachOfOne}` },
  oneWithHashes: { name: 'append-to-one-hashes', text: `select ${ofEach}, hashes ${eachOfOne}` },
  several: { name: 'append-to-several', text: `select ${ofEach}, ${lastHash} ${eachOfSeveral}` },
  severalWithHashes: { name: 'append-to-several-hashes', text: `select ${ofEach}, hashes ${eachOfSeveral}` },
  all: { name: 'append-all', text: `select ${ofAll}, hashes ${allOrNothing(false)}` },
  allWithHashes: { name: 'append-all-hashes', text: `select ${ofAll}, hashes ${allOrNothing(true)}` },
};

/**
 * Appends in one call and one transaction. Resolves with one row per append, in their order.
 * @param batches by ascending partition.
 */
export type CallAppend = (batches: readonly PartitionBatch[]) => Promise<AppendRow[]>;

/**
 * Chooses the statement of each append call.
 *
 * A call for one partition uses `append_events`, on a connection of its own: it may wait for the
 * partition's lock until the statement times out.
 *
 * Calls for several partitions follow each other on one connection. They are first tried with
 * `append_all_or_nothing`, which costs less because it does not look at each command. If it returns
 * no row, one of the commands has to be rejected and nothing was appended; `append_to_partitions`
 * then rejects that command alone. After a call with a rejected command, the next ones use
 * `append_to_partitions` directly, until one rejects nothing: repeated commands tend to arrive
 * together.
 * @param withHashes whether the rows include the events' hashes.
 * @param known what this process knows of the log. The functions refuse to append to another one.
 */
export function createAppendStatements(pool: Pool, withHashes: boolean, known: KnownLog): CallAppend {
  const sendAlone: SendStatement = (statement) => pool.query(statement);
  const sendPipelined = createPipelinedConnection(pool, limits.appendCallSlowMs);
  let hadRejections = false;
  return async (batches) => {
    if (batches.length === 1) return appendEach(sendAlone, batches, withHashes, known);
    if (!hadRejections) {
      const rows = await appendAll(sendPipelined, batches, withHashes, known);
      if (rows) return rows;
    }
    const rows = await appendEach(sendPipelined, batches, withHashes, known);
    hadRejections = rows.some(({ accepted }) => !accepted);
    return rows;
  };
}

async function appendEach(
  send: SendStatement,
  batches: readonly PartitionBatch[],
  withHashes: boolean,
  known: KnownLog,
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
      ...(isOne ? [known.epoch, known.position(first?.partition ?? 0), clockLimit(known)] : guardOf(batches, known)),
    ],
  });
  if (rows.length !== appends.length) {
    throw new Error(`the append call returned ${rows.length} rows for ${appends.length} commands`);
  }
  return rows;
}

interface PartitionRow {
  readonly partition: number;
  /** The position of the partition's last event. */
  readonly position: number;
  readonly recorded_at: string;
  readonly hashes?: Buffer | null;
}

/** Resolves with undefined if a command has to be rejected. Nothing was appended then. */
async function appendAll(
  send: SendStatement,
  batches: readonly PartitionBatch[],
  withHashes: boolean,
  known: KnownLog,
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
    values: [
      arrayLiteral(partitions),
      arrayLiteral(orderIds),
      arrayLiteral(versions),
      ...columnsOf(events),
      ...guardOf(batches, known),
    ],
  });
  if (rows.length === 0) return undefined;
  return batches.flatMap((batch, index) => {
    const row = rows[index];
    if (row?.partition !== batch.partition)
      throw new Error(`the append call returned no row for partition ${batch.partition}`);
    return rowsOf(batch, row, withHashes);
  });
}

/** Derives the row of each append of one partition, all of whose appends were accepted. */
function rowsOf(
  { appends }: PartitionBatch,
  { position: last, recorded_at, hashes }: PartitionRow,
  withHashes: boolean,
): AppendRow[] {
  let position = last - appends.reduce((events, append) => events + append.events.length, 0);
  let hashesAt = 0;
  return appends.map(({ expectedVersion, events }) => {
    position += events.length;
    const from = hashesAt;
    hashesAt += events.length * hashBytes;
    const version = expectedVersion + events.length;
    const own = withHashes ? hashes?.subarray(from, hashesAt) : hashes;
    return { accepted: true, version, position, recorded_at, hashes: own };
  });
}

/**
 * The parameters that the functions compare the log with: the epoch, the known heads, and the limit
 * of the clock.
 */
function guardOf(batches: readonly PartitionBatch[], known: KnownLog): [string, string, string] {
  return [known.epoch, arrayLiteral(batches.map(({ partition }) => known.position(partition))), clockLimit(known)];
}

function clockLimit({ maxClockBehindMs }: KnownLog): string {
  return `${maxClockBehindMs} milliseconds`;
}

/** The events' types, data, metadata and times, as parameters of the statements. */
function columnsOf(events: readonly NewEvent[]): [string, string, string, string] {
  return [
    arrayLiteral(events.map((event) => event.type)),
    events.map((event) => event.data).join('\n'),
    events.map((event) => event.metadata).join('\n'),
    arrayLiteral(events.map((event) => event.occurredAt)),
  ];
}

/**
 * The error for an append that the functions refused, because the log is not the one that this
 * process knows, or its clock went back. Undefined for any other error.
 */
export function refusalOf(error: unknown): LogWentBack | ClockBehind | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined;
  const { code, message, hint } = error;
  const text = `The append was refused: ${message}. ${hint ?? ''}`.trim();
  if (code === 'OL001' || code === 'OL002') return new LogWentBack(text);
  return code === 'OL003' ? new ClockBehind(text) : undefined;
}

/**
 * Whether the error of a call for several partitions may concern only one of them. Nothing was
 * appended then.
 *
 * - 55P03: another session held a lock for longer than `lock_timeout`.
 * - Class 40: the transaction was rolled back in favour of another one.
 * - See `rejectsAnEvent`: PostgreSQL has rejected an event.
 */
export function mayConcernOnePartition(error: unknown): boolean {
  return rejectsAnEvent(error) || (error instanceof pg.DatabaseError && /^(55P03|40...)$/.test(error.code ?? ''));
}

/**
 * Whether PostgreSQL has rejected an event of a call. Class 22: a value that is not of its type.
 * 23514: a value beyond the constraints of sql/017_event_bounds.sql.
 */
export function rejectsAnEvent(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22...|23514)$/.test(error.code ?? '');
}

/** Formats an array of values that need no quotes: ids, numbers, event types, RFC 3339 times. */
function arrayLiteral(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
