import type { Pool } from '../event-log/database.js';
import { chainHash, genesisHash } from '../event-log/hash-chain.js';
import { type Head, readHeads } from '../event-log/read-partition.js';
import { scanPages } from '../event-log/scan-partition.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { orderPartition } from '../orders/partition.js';
import type { Checkpoint, CheckpointPartition } from './checkpoint.js';
import { keptTreeSize, openTree } from './merkle-store.js';
import { leafHash, nodeHash, rootOf } from './merkle-tree.js';

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

export interface VerifyOptions {
  readonly pool: Pool;
  readonly partitions: number;
  /** What the log was once: all of it has to be there still. */
  readonly against?: Checkpoint | undefined;
  /** Partitions verified at once. */
  readonly inParallel: number;
  readonly onProgress?: (verified: number, total: number) => void;
  /** Told at the end how many events there were. */
  readonly onVerified?: (verified: number) => void;
}

/**
 * Recomputes the chain of every partition, and gives the first finding of each partition that has one. With a checkpoint,
 * also whether the log still holds what the checkpoint saw: the chain alone can't show a tail that was cut off, or a
 * log that was rewritten from some point on, with all hashes computed anew.
 */
export async function verifyLog(options: VerifyOptions): Promise<Finding[]> {
  const { pool, partitions, against, inParallel, onProgress, onVerified } = options;
  const heads = new Map((await readHeads(pool)).map((head) => [head.partition, head]));
  const total = [...heads.values()].reduce((sum, { position }) => sum + position, 0);
  const findings: Finding[] = [];
  let verified = 0;
  const waiting = Array.from({ length: partitions }, (_, partition) => partition);
  await Promise.all(
    Array.from({ length: inParallel }, async () => {
      for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift()) {
        const signed = against?.partitions.find((one) => one.partition === partition);
        const finding = await verifyPartition(pool, partition, partitions, heads.get(partition), signed, () => {
          verified += 1;
          if (verified % 1_000 === 0) onProgress?.(verified, total);
        });
        if (finding) findings.push(finding);
      }
    }),
  );
  onVerified?.(verified);
  return findings.sort((a, b) => a.partition - b.partition);
}

async function verifyPartition(
  pool: Pool,
  partition: number,
  partitions: number,
  head: Head | undefined,
  signed: CheckpointPartition | undefined,
  onEvent: () => void,
): Promise<Finding | undefined> {
  if (!head) return { partition, position: 0, reason: 'missing', detail: 'the partition has no row in logs' };
  const tree = new TreeBuilder();
  const kept = await keptTreeSize(pool, partition);
  // The tree costs more than the chain: it is computed only as far as there is something to compare it with.
  const treeUpTo = Math.max(kept, signed?.position ?? 0);
  let previous = genesisHash;
  let position = 0;
  // Page by page: a turn of the event loop for each event would cost as much as its hash.
  pages: for await (const page of scanPages(pool, partition)) {
    for (const event of page) {
      position += 1;
      const finding = checkEvent(event, partition, position, head, previous);
      if (finding) return explain(pool, finding, event, partitions);
      // What was appended since the heads were read is for the next time.
      if (position > head.position) break pages;
      previous = event.hash;
      if (position <= treeUpTo) tree.add(event.hash);
      if (position === kept && !(await openTree(pool, partition, kept).root()).equals(tree.root())) {
        const detail =
          'what is kept of the Merkle tree up to here is not that of the events: proofs and checkpoints would be wrong';
        return { partition, position, reason: 'tree-altered', detail };
      }
      if (signed?.position === position) {
        const same = event.hash.toString('hex') === signed.hash && tree.root().toString('hex') === signed.root;
        if (!same) return rewritten(partition, position);
      }
      onEvent();
      if (position === head.position) break pages;
    }
  }
  if (position < head.position) {
    return {
      partition,
      position: position + 1,
      reason: 'missing',
      detail: `the log ends at ${position}, its head says ${head.position}`,
    };
  }
  if (!previous.equals(head.hash)) {
    return { partition, position, reason: 'altered', detail: 'the hash in logs is not that of the last event' };
  }
  if (signed && position < signed.position) {
    return {
      partition,
      position: position + 1,
      reason: 'cut-off',
      detail: `the checkpoint saw ${signed.position} events`,
    };
  }
  return (await beyondHead(pool, partition)) ?? (await brokenStream(pool, partition, head.position));
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

function checkEvent(
  event: StoredEvent,
  partition: number,
  position: number,
  head: Head,
  previous: Buffer,
): Finding | undefined {
  if (event.position !== position) {
    return { partition, position, reason: 'missing', detail: `the next one there is ${event.position}` };
  }
  if (position > head.position) return undefined;
  if (chainHash(previous, event).equals(event.hash)) return undefined;
  return { partition, position, reason: 'altered', detail: describe(event) };
}

/** Tells more of an event that is not what the chain says: what was done there. */
async function explain(pool: Pool, finding: Finding, event: StoredEvent, partitions: number): Promise<Finding> {
  if (finding.reason !== 'altered') return finding;
  const { partition, position } = finding;
  if (orderPartition(event.orderId, partitions) !== partition) {
    return { ...finding, reason: 'inserted', detail: `${describe(event)}, which does not live in this partition` };
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
    return { ...finding, reason: 'out-of-place', detail: `${describe(event)} comes before its predecessors` };
  }
  if (row && row.before + 1 > event.version) {
    return { ...finding, reason: 'inserted', detail: `${describe(event)}, of which there are ${row.before} before it` };
  }
  return finding;
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

function rewritten(partition: number, position: number): Finding {
  const detail = 'up to here the log is not the one that the checkpoint saw: it was rewritten, or is another';
  return { partition, position, reason: 'not-as-checkpoint', detail };
}

function describe({ type, orderId, version }: StoredEvent): string {
  return `${type}, version ${version} of order ${orderId}`;
}

/** Computes a root leaf by leaf with one hash a level in memory: the mountain range of complete subtrees so far. */
class TreeBuilder {
  /** Roots of complete subtrees, from large to small, with their sizes. */
  readonly #peaks: { size: number; hash: Buffer }[] = [];

  add(eventHash: Buffer): void {
    let peak = { size: 1, hash: leafHash(eventHash) };
    for (let last = this.#peaks.at(-1); last?.size === peak.size; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { size: peak.size * 2, hash: nodeHash(last.hash, peak.hash) };
    }
    this.#peaks.push(peak);
  }

  root(): Buffer {
    const hashes = this.#peaks.map(({ hash }) => hash);
    return hashes.length === 0 ? rootOf([]) : hashes.reduceRight((right, left) => nodeHash(left, right));
  }
}
