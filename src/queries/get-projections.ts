import { decodeCheckpoint, type ProjectionId } from '../read-models/keys.js';
import { metrics } from '../read-models/metrics.js';
import { orderHistory } from '../read-models/order-history.js';
import { orderStatus } from '../read-models/order-status.js';
import { pipeline, type RedisCommand } from '../read-models/redis.js';
import type { PartitionReport } from '../read-models/report.js';
import type { ReadModels } from './read-models.js';

/** The read models that queries are answered from, and that a command's answer waits for. */
export const readModels: readonly ProjectionId[] = [orderStatus, orderHistory, metrics];

export interface ProjectionState {
  name: string;
  version: number;
  /** Events behind, over all partitions. */
  lag: number;
  state: 'live' | 'stopped';
  partitions: {
    partition: number;
    checkpoint: number;
    /** Where the log ended when the partition's owner last reported. */
    head: number;
    lag: number;
    owner: string | null;
    reported_at: string | null;
    stopped?: { position: number; order_id: string | null; type: string | null; error: string; at: string };
  }[];
}

/** Where each projection stands in each partition. Heads are those that the partitions' owners last reported. */
export async function getProjections(models: ReadModels): Promise<ProjectionState[]> {
  const partitions = Array.from({ length: models.partitions }, (_, partition) => partition);
  const commands: RedisCommand[] = [
    ...partitions.map((partition) => ['GET', models.keys.report(partition)] as const),
    ...readModels.flatMap((projection) =>
      partitions.map((partition) => ['GET', models.keys.checkpoint(projection, partition)] as const),
    ),
  ];
  const answers = (await pipeline(models.redis, commands)) as (string | null)[];
  const reports = answers
    .slice(0, models.partitions)
    .map((text) => (text ? (JSON.parse(text) as PartitionReport) : undefined));

  return readModels.map((projection, nth) => {
    const states = partitions.map((partition) => {
      const text = answers[models.partitions * (nth + 1) + partition] ?? null;
      const checkpoint = decodeCheckpoint(text).position;
      const report = reports[partition];
      const head = Math.max(report?.head ?? 0, checkpoint);
      const stopped = report?.stopped[projection.name];
      return {
        partition,
        checkpoint,
        head,
        lag: head - checkpoint,
        owner: report?.owner ?? null,
        reported_at: report?.reported_at ?? null,
        ...(stopped
          ? {
              stopped: {
                position: stopped.position,
                order_id: stopped.orderId,
                type: stopped.type,
                error: stopped.error,
                at: stopped.at,
              },
            }
          : {}),
      };
    });
    return {
      name: projection.name,
      version: projection.version,
      lag: states.reduce((sum, { lag }) => sum + lag, 0),
      state: states.some(({ stopped }) => stopped) ? ('stopped' as const) : ('live' as const),
      partitions: states,
    };
  });
}
