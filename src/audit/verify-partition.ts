import type { Pool } from '../event-log/database.js';
import type { Head } from '../event-log/heads/read-heads.js';
import { eventLogLimits } from '../event-log/limits.js';
import { copyEvents } from '../event-log/read/copy-events.js';
import { orderPartition } from '../orders/values/partition.js';
import { keptTreeSize, openTree } from './merkle-store.js';
import { type Break, type EventName, PartitionScan } from './partition-scan.js';
import type { SignedPartition } from './signed-checkpoint.js';

const pageEvents = eventLogLimits.maxCopiedEvents;

/** Something in the log that is not as it was written, in words. */
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
    | 'tree-altered';
  readonly detail: string;
}

/** A partition that is to be verified. */
export interface PartitionTask {
  readonly partition: number;
  /** How many the log has. */
  readonly partitions: number;
  /** Where it ends; undefined where it has no row in logs. */
  readonly head: Head | undefined;
  /** What a checkpoint saw of it. */
  readonly signed: SignedPartition | undefined;
}

/**
 * Recomputes the chain of a partition, and gives the first thing that is not as it was written.
 * @param onEvents told of events that hold, some at a time.
 */
export async function verifyPartition(
  pool: Pool,
  { partition, partitions, head, signed }: PartitionTask,
  onEvents: (count: number) => void,
): Promise<Finding | undefined> {
  if (!head) return { partition, position: 0, reason: 'missing', detail: 'the partition has no row in logs' };
  const kept = await keptTreeSize(pool, partition);
  const scan = new PartitionScan([kept, signed?.position ?? 0]);
  for (let events = 1; events > 0 && scan.position < head.position && !scan.break; ) {
    const page = { partition, after: scan.position, upTo: head.position, maxEvents: pageEvents };
    events = await copyEvents(pool, page, scan.see);
    onEvents(scan.position - page.after);
  }
  const findings = [
    await keptTreeAltered(pool, partition, kept, scan),
    signed && otherThanSigned(partition, signed, scan),
    scan.break
      ? await explain(pool, partition, scan.position + 1, scan.break, partitions)
      : endOfLog(partition, head, scan),
  ].flatMap((finding) => finding ?? []);
  const [first] = findings.sort((a, b) => a.position - b.position);
  if (first) return first;
  if (signed && scan.position < signed.position) {
    const detail = `the checkpoint saw ${signed.position} events`;
    return { partition, position: scan.position + 1, reason: 'cut-off', detail };
  }
  return (await beyondHead(pool, partition)) ?? (await brokenStream(pool, partition, head.position));
}

/** Whether the Merkle tree that is kept, as far as it goes, is another than that of the events. */
async function keptTreeAltered(
  pool: Pool,
  partition: number,
  kept: number,
  { marks }: PartitionScan,
): Promise<Finding | undefined> {
  const mark = marks.get(kept);
  if (!mark || (await openTree(pool, partition, kept).root()).equals(mark.root)) return undefined;
  const detail =
    'what is kept of the Merkle tree up to here is not that of the events: proofs and checkpoints would be wrong';
  return { partition, position: kept, reason: 'tree-altered', detail };
}

/** Whether the log was another when a checkpoint saw it, as far as it is there still. */
function otherThanSigned(
  partition: number,
  { position, hash, root }: SignedPartition,
  { marks }: PartitionScan,
): Finding | undefined {
  const mark = marks.get(position);
  if (!mark || (mark.hash.toString('hex') === hash && mark.root.toString('hex') === root)) return undefined;
  const detail = 'up to here the log is not the one that the checkpoint saw: it was rewritten, or is another';
  return { partition, position, reason: 'not-as-checkpoint', detail };
}

/** Whether a chain that holds ends elsewhere than its head says. */
function endOfLog(partition: number, head: Head, { position, hash }: PartitionScan): Finding | undefined {
  if (position < head.position) {
    const detail = `the log ends at ${position}, its head says ${head.position}`;
    return { partition, position: position + 1, reason: 'missing', detail };
  }
  if (hash.equals(head.hash)) return undefined;
  return { partition, position, reason: 'altered', detail: 'the hash in logs is not that of the last event' };
}

/** Events that the head knows nothing of: written past the service. Head and events are looked at in one snapshot. */
async function beyondHead(pool: Pool, partition: number): Promise<Finding | undefined> {
  const { rows } = await pool.query<{ position: number }>(
    `select min(e."position") as position from logs l join events e on e.partition = l.partition and e."position" > l.head
     where l.partition = $1 having count(*) > 0`,
    [partition],
  );
  const row = rows[0];
  if (!row) return undefined;
  return { partition, position: row.position, reason: 'beyond-head', detail: 'the head in logs is before it' };
}

/** Tells more of where a chain breaks: what was done there. */
async function explain(
  pool: Pool,
  partition: number,
  position: number,
  found: Break,
  partitions: number,
): Promise<Finding> {
  if (found.reason === 'missing') {
    return { partition, position, reason: 'missing', detail: `the next one there is ${found.nextPosition}` };
  }
  const { event } = found;
  const detail = describe(event);
  if (orderPartition(event.orderId, partitions) !== partition) {
    return { partition, position, reason: 'inserted', detail: `${detail}, which does not live in this partition` };
  }
  // Rows one place before or behind carry this event's own hash if it was moved with it.
  const { rows } = await pool.query<{ before: number; later: boolean }>(
    `select count(*)::integer as before,
            exists (select from events l where l.partition = $1 and l.order_id = $2 and l.version < $4 and l."position" > $3) as later
     from events e where e.partition = $1 and e.order_id = $2 and e."position" < $3`,
    [partition, event.orderId, position, event.version],
  );
  const row = rows[0];
  if (row?.later || (row && row.before + 1 < event.version)) {
    return { partition, position, reason: 'out-of-place', detail: `${detail} comes before its predecessors` };
  }
  if (row && row.before + 1 > event.version) {
    return { partition, position, reason: 'inserted', detail: `${detail}, of which there are ${row.before} before it` };
  }
  return { partition, position, reason: 'altered', detail };
}

/** The first order whose versions are not 1, 2, 3, … in the order of the log: impossible by the service's own hand. */
async function brokenStream(pool: Pool, partition: number, head: number): Promise<Finding | undefined> {
  const { rows } = await pool.query<{ order_id: string; position: number }>(
    `select order_id, min("position") as position
     from (select order_id, version, "position",
                  row_number() over (partition by order_id order by "position") as nth
           from events where partition = $1 and "position" <= $2) as e
     where version <> nth group by order_id order by 2 limit 1`,
    [partition, head],
  );
  const row = rows[0];
  if (!row) return undefined;
  const detail = `the versions of order ${row.order_id} are not 1, 2, 3, …: the log was written past the service`;
  return { partition, position: row.position, reason: 'stream-broken', detail };
}

function describe({ type, orderId, version }: EventName): string {
  return `${type}, version ${version} of order ${orderId}`;
}
