import type { Pool } from '../event-log/database.js';
import { readHeads } from '../event-log/heads/read-heads.js';
import type { SignedCheckpointPayload } from './signed-checkpoint.js';
import { type Finding, verifyPartition } from './verify-partition.js';

export interface VerifyOptions {
  readonly pool: Pool;
  readonly partitions: number;
  /** What the log was once: all of it has to be there still. */
  readonly against?: SignedCheckpointPayload | undefined;
  /** Partitions verified at once: one computes while others wait for PostgreSQL. Each takes a connection. */
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
  const waiting = Array.from({ length: partitions }, (_, partition) => ({
    ...{ partition, partitions, head: heads.get(partition) },
    signed: against?.partitions.find((one) => one.partition === partition),
  }));
  const findings: Finding[] = [];
  let verified = 0;
  const onEvents = (count: number) => {
    verified += count;
    onProgress?.(verified, total);
  };
  await Promise.all(
    Array.from({ length: inParallel }, async () => {
      for (let task = waiting.shift(); task; task = waiting.shift()) {
        const finding = await verifyPartition(pool, task, onEvents);
        if (finding) findings.push(finding);
      }
    }),
  );
  onVerified?.(verified);
  return findings.sort((a, b) => a.partition - b.partition);
}
