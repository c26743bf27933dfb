import type { Pool } from '../event-log/database.js';
import { readHeads } from '../event-log/heads/read-heads.js';
import { firstEpoch, LogEpochs } from '../log-epochs.js';
import type { SignedCheckpointPayload } from './signed-checkpoint.js';
import { type Finding, verifyPartition } from './verify-partition.js';

export interface VerifyOptions {
  readonly pool: Pool;
  readonly partitions: number;
  /** The epochs of the log; by default only the first. */
  readonly epochs?: LogEpochs;
  /** A verified checkpoint. The log must still hold everything that the checkpoint describes. */
  readonly against?: SignedCheckpointPayload | undefined;
  /**
   * Partitions verified at once; one computes while others wait for PostgreSQL. Each uses a
   * connection.
   */
  readonly inParallel: number;
  /**
   * Called with the number of events that are done, of all. An event counts half when its hash is
   * verified, and half when its stream is checked.
   */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called at the end with the number of intact events. */
  readonly onVerified?: (verified: number) => void;
}

/**
 * Recomputes the hash chain of every partition that is configured, was signed, or exists: a log
 * cannot hide a partition by naming fewer. Returns the first finding of each partition that has
 * one. With a checkpoint, it also checks that the log still holds what the checkpoint
 * describes. The chain alone cannot show that the end was cut off, or that events were rewritten
 * and all later hashes recomputed.
 */
export async function verifyLog(options: VerifyOptions): Promise<Finding[]> {
  const { pool, partitions, epochs = new LogEpochs(), against, inParallel, onProgress, onVerified } = options;
  const heads = new Map((await readHeads(pool)).map((head) => [head.partition, head]));
  const total = [...heads.values()].reduce((sum, { position }) => sum + position, 0);
  const all = new Set([
    ...Array.from({ length: partitions }, (_, partition) => partition),
    ...(against?.partitions.map(({ partition }) => partition) ?? []),
    ...heads.keys(),
    ...(await partitionsWithEvents(pool)),
  ]);
  const waiting = [...all].map((partition) => ({
    ...{ partition, partitions, head: heads.get(partition) },
    signed: against?.partitions.find((one) => one.partition === partition),
    signedValidUpTo: epochs.validUpTo(against?.epoch ?? firstEpoch, partition) ?? 0,
    clockResets: epochs.further.flatMap(({ clockReset, startsAfter }) =>
      clockReset ? (startsAfter.get(partition) ?? 0) : [],
    ),
  }));
  const findings: Finding[] = [];
  let verified = 0;
  let inStreams = 0;
  const report = () => onProgress?.(Math.floor((verified + inStreams) / 2), total);
  const onEvents = (count: number) => {
    verified += count;
    report();
  };
  const onStreamEvents = (count: number) => {
    inStreams += count;
    report();
  };
  await Promise.all(
    Array.from({ length: inParallel }, async () => {
      for (let task = waiting.shift(); task; task = waiting.shift()) {
        const finding = await verifyPartition(pool, task, onEvents, onStreamEvents);
        if (finding) findings.push(finding);
        else if (task.partition >= partitions) findings.push(notConfigured(task.partition, partitions));
      }
    }),
  );
  onVerified?.(verified);
  return findings.sort((a, b) => a.partition - b.partition);
}

// $1 a partition. Finds it, or the next one, through the primary key (partition, position).
// Takes no lock.
const nextPartitionSql = 'select min(e.partition) as partition from events e where e.partition >= $1::smallint';

/** Finds the partitions one by one. A distributed database runs no recursive query over them. */
async function partitionsWithEvents(pool: Pool): Promise<number[]> {
  const found: number[] = [];
  for (let from = smallestPartition; from <= largestPartition; from = (found.at(-1) ?? 0) + 1) {
    const { rows } = await pool.query<{ partition: number | null }>({
      name: 'next-partition',
      text: nextPartitionSql,
      values: [from],
    });
    const partition = rows[0]?.partition ?? undefined;
    if (partition === undefined) break;
    found.push(partition);
  }
  return found;
}

/** The range of the column. The service never gives a partition a negative number. */
const [smallestPartition, largestPartition] = [-32_768, 32_767];

function notConfigured(partition: number, partitions: number): Finding {
  const detail = `the log is configured with ${partitions} partitions: their number was lowered`;
  return { partition, position: 0, reason: 'not-configured', detail };
}
