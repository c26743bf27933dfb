import type { Pool } from '../event-log/database.js';
import type { Head } from '../event-log/heads/read-heads.js';
import { eventLogLimits } from '../event-log/limits.js';
import { copyEvents } from '../event-log/read/copy-events.js';
import { orderPartition } from '../orders/values/partition.js';
import { auditLimits } from './limits.js';
import { openTree, storedTreeSize } from './merkle-store.js';
import { type ChainBreak, type EventName, RecomputedChain } from './recomputed-chain.js';
import type { SignedPartition } from './signed-checkpoint.js';

const pageEvents = eventLogLimits.maxCopiedEvents;

/** A place at which the log is not as it was written. */
export interface Finding {
  readonly partition: number;
  readonly position: number;
  readonly reason:
    | 'missing'
    | 'altered'
    | 'beyond-head'
    | 'inserted'
    | 'out-of-place'
    | 'stream-broken'
    | 'not-as-checkpoint'
    | 'cut-off'
    | 'lost'
    | 'clock-went-back'
    | 'tree-altered'
    | 'not-configured';
  /** A sentence for the person who verifies the log. */
  readonly detail: string;
}

/** A partition to verify. */
export interface PartitionTask {
  readonly partition: number;
  /** The log's number of partitions. */
  readonly partitions: number;
  /** The partition's head; undefined if its head row is missing. */
  readonly head: Head | undefined;
  /** The partition's entry in a verified checkpoint. */
  readonly signed: SignedPartition | undefined;
  /**
   * The last position that still holds of what the checkpoint's epoch gave out. Beyond it, events
   * were lost in a restore that operators have recorded.
   */
  readonly signedValidUpTo: number;
  /** The positions after which an operator reset the clock. */
  readonly clockResets: readonly number[];
}

/**
 * Recomputes the hash chain of a partition and returns the first place that is not as it was
 * written.
 * @param onEvents called with the number of intact events, page by page. If it throws, the
 *   verification ends with its error.
 * @param onStreamEvents the same, with the number of events whose streams were checked.
 */
export async function verifyPartition(
  pool: Pool,
  { partition, partitions, head, signed: given, signedValidUpTo, clockResets }: PartitionTask,
  onEvents: (count: number) => void,
  onStreamEvents: (count: number) => void,
): Promise<Finding | undefined> {
  if (!head) return { partition, position: 0, reason: 'missing', detail: 'the partition has no head row' };
  const stored = await storedTreeSize(pool, partition);
  // A checkpoint that describes lost events describes a tree that the log does not have.
  const signed = given && given.position <= signedValidUpTo ? given : undefined;
  const chain = new RecomputedChain([stored, signed?.position ?? 0], clockResets);
  for (let events = 1; events > 0 && chain.position < head.position && !chain.break; ) {
    const page = { partition, after: chain.position, upTo: head.position, maxEvents: pageEvents };
    events = await copyEvents(pool, page, chain.add);
    onEvents(chain.position - page.after);
  }
  const findings = [
    await storedTreeAltered(pool, partition, stored, chain),
    signed && differsFromSigned(partition, signed, chain),
    chain.break
      ? await explain(pool, partition, chain.position + 1, chain.break, partitions)
      : differsFromHead(partition, head, chain),
    clockWentBack(partition, chain),
  ].flatMap((finding) => finding ?? []);
  const [first] = findings.sort((a, b) => a.position - b.position);
  if (first) return first;
  if (signed && chain.position < signed.position) {
    const detail = `the events from here to ${signed.position} of the checkpoint are missing: the log ends before them`;
    return { partition, position: chain.position + 1, reason: 'cut-off', detail };
  }
  let inStreams = 0;
  const onPage = (before: number) => {
    // The last page may have fewer events.
    const checked = Math.min(before, head.position);
    onStreamEvents(checked - inStreams);
    inStreams = checked;
  };
  return (
    (await beyondHead(pool, partition)) ??
    (await brokenStream(pool, partition, onPage)) ??
    lostSince(partition, given, signedValidUpTo)
  );
}

function clockWentBack(partition: number, { clockWentBackAt: position }: RecomputedChain): Finding | undefined {
  if (position === undefined) return undefined;
  const detail = 'the event was recorded before the one before it, and no operator has reset the clock here';
  return { partition, position, reason: 'clock-went-back', detail };
}

/** Events of the checkpoint that were lost before a later epoch of the log began. */
function lostSince(partition: number, signed: SignedPartition | undefined, validUpTo: number): Finding | undefined {
  if (!signed || signed.position <= validUpTo) return undefined;
  const detail = `the events from here to ${signed.position} of the checkpoint were lost before a later epoch began`;
  return { partition, position: validUpTo + 1, reason: 'lost', detail };
}

/** Compares the stored Merkle tree, up to its size, with the tree over the events. */
async function storedTreeAltered(
  pool: Pool,
  partition: number,
  size: number,
  { digests }: RecomputedChain,
): Promise<Finding | undefined> {
  const digest = digests.get(size);
  if (!digest || (await openTree(pool, partition, size).root()).equals(digest.root)) return undefined;
  const detail = 'the stored Merkle tree does not match the events up to here: proofs and checkpoints would be wrong';
  return { partition, position: size, reason: 'tree-altered', detail };
}

/** Compares the log with a checkpoint, if the intact chain reaches the checkpoint's position. */
function differsFromSigned(
  partition: number,
  { position, hash, root }: SignedPartition,
  { digests }: RecomputedChain,
): Finding | undefined {
  const digest = digests.get(position);
  if (!digest || (digest.hash.toString('hex') === hash && digest.root.toString('hex') === root)) return undefined;
  const detail = 'up to here this is not the log that the checkpoint describes: it was rewritten or replaced';
  return { partition, position, reason: 'not-as-checkpoint', detail };
}

/** Compares the end of an intact chain with the partition's head. */
function differsFromHead(partition: number, head: Head, { position, hash }: RecomputedChain): Finding | undefined {
  if (position < head.position) {
    const detail = `the log ends at ${position}, but its head is ${head.position}`;
    return { partition, position: position + 1, reason: 'missing', detail };
  }
  if (hash.equals(head.hash)) return undefined;
  return {
    partition,
    position,
    reason: 'altered',
    detail: 'the hash in the head row is not the hash of the last event',
  };
}

/**
 * Finds events after the head, which only a write that bypasses the service can leave. One
 * statement reads head and events, so both come from one snapshot.
 */
async function beyondHead(pool: Pool, partition: number): Promise<Finding | undefined> {
  const { rows } = await pool.query<{ position: number }>(
    `select min(e."position") as position from partition_heads h
     join events e on e.partition = $1 and e."position" > h.head
     where h.partition = $1 having count(*) > 0`,
    [partition],
  );
  const row = rows[0];
  if (!row) return undefined;
  return {
    partition,
    position: row.position,
    reason: 'beyond-head',
    detail: 'the event is after the partition’s head',
  };
}

/** Explains a break of the chain: says what kind of change causes it. */
async function explain(
  pool: Pool,
  partition: number,
  position: number,
  found: ChainBreak,
  partitions: number,
): Promise<Finding> {
  if (found.reason === 'missing') {
    return { partition, position, reason: 'missing', detail: `the next event is at position ${found.nextPosition}` };
  }
  const { event } = found;
  const detail = describe(event);
  if (orderPartition(event.orderId, partitions) !== partition) {
    return { partition, position, reason: 'inserted', detail: `${detail}, which does not belong to this partition` };
  }
  // Compares the event's version with the events of its order before and after it.
  // Served by the unique index (partition, order_id, version).
  const { rows } = await pool.query<{ before: number; later: boolean }>(
    `select count(*)::integer as before,
            exists (select from events l where l.partition = $1 and l.order_id = $2 and l.version < $4 and l."position" > $3) as later
     from events e where e.partition = $1 and e.order_id = $2 and e."position" < $3`,
    [partition, event.orderId, position, event.version],
  );
  const row = rows[0];
  if (row?.later || (row && row.before + 1 < event.version)) {
    return { partition, position, reason: 'out-of-place', detail: `${detail}, comes before its predecessors` };
  }
  if (row && row.before + 1 > event.version) {
    return {
      partition,
      position,
      reason: 'inserted',
      detail: `${detail}, which already has ${row.before} events before it`,
    };
  }
  return { partition, position, reason: 'altered', detail };
}

// $1 partition, $2 and $3 the order and the version of the last event of the page before, $4 its
// position, $5 events of a page. Takes no lock. Ordered by order and version, like the unique index
// (partition, order_id, version) that serves it. Returns the broken event with the lowest position,
// if there is one, and the last event of the page.
export const streamsSql = `
  with page as materialized (
    select e.order_id, e.version, e."position" from events e
    where e.partition = $1 and (e.order_id, e.version) > ($2::uuid, $3::integer)
    order by e.order_id, e.version limit $5
  ), compared as (
    select *, lag(order_id, 1, $2::uuid) over stream as order_before, lag(version, 1, $3::integer) over stream as version_before,
      lag("position", 1, $4::bigint) over stream as position_before, lead(version) over stream is null as is_last
    from page window stream as (order by order_id, version)
  ), checked as (
    select *, case when order_id = order_before
      then version <> version_before + 1 or "position" < position_before
      else version <> 1 end as is_broken
    from compared
  )
  (select order_id, version, "position", true as is_broken from checked where is_broken order by "position" limit 1)
  union all
  (select order_id, version, "position", false from checked where is_last)`;

interface StreamRow {
  readonly order_id: string;
  readonly version: number;
  readonly position: number;
  readonly is_broken: boolean;
}

/**
 * Finds the first event, by position, at which the versions of an order are not 1, 2, 3, …. The
 * service never writes such orders. The streams are read page by page, since a statement over a
 * whole partition of a large log would not end within its time limit.
 * @param onPage called before each page, with the number of events that the pages before it could
 *   hold. If it throws, no further page is read.
 */
export async function brokenStream(
  pool: Pool,
  partition: number,
  onPage: (eventsBefore: number) => void,
  pageEvents: number = auditLimits.maxStreamEventsPerPage,
): Promise<Finding | undefined> {
  let first: StreamRow | undefined;
  let last: StreamRow | undefined = { order_id: lowestUuid, version: 0, position: 0, is_broken: false };
  for (let pages = 0; last; pages += 1) {
    onPage(pages * pageEvents);
    const rows: readonly StreamRow[] = await checkStreams(pool, partition, last, pageEvents);
    const broken = rows.find((row) => row.is_broken);
    if (broken && (!first || broken.position < first.position)) first = broken;
    last = rows.find((row) => !row.is_broken);
  }
  if (!first) return undefined;
  const detail = `the versions of order ${first.order_id} are not 1, 2, 3, …: a write bypassed the service`;
  return { partition, position: first.position, reason: 'stream-broken', detail };
}

async function checkStreams(
  pool: Pool,
  partition: number,
  { order_id, version, position }: StreamRow,
  pageEvents: number,
): Promise<StreamRow[]> {
  const values = [partition, order_id, version, position, pageEvents];
  return (await pool.query<StreamRow>({ name: 'check-streams', text: streamsSql, values })).rows;
}

const lowestUuid = '00000000-0000-0000-0000-000000000000';

function describe({ type, orderId, version }: EventName): string {
  return `${type}, version ${version} of order ${orderId}`;
}
