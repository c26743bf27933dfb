import { decodeCheckpoint } from '../read-models/checkpoint.js';
import { type Build, readGenerations, servedGeneration } from '../read-models/generations.js';
import { type ProjectionId, releaseOf } from '../read-models/keys.js';
import { pipeline, type RedisCommand } from '../read-models/redis/redis-pipeline.js';
import type { PartitionReport, RebuildProgress, StoppedReport } from '../read-models/report.js';
import type { ReadModels } from './live-generation.js';

interface StoppedState {
  position: number;
  order_id: string | null;
  type: string | null;
  error: string;
  at: string;
}

export interface RebuildState {
  generation: number;
  /** Of the projection's code that builds it. */
  version: number;
  state: 'building' | 'stopped';
  requested_by: string;
  requested_at: string;
  events_done: number;
  events_total: number;
  /** Events that are still to be folded. */
  lag: number;
  events_per_second: number | null;
  seconds_left: number | null;
  stopped?: ({ partition: number } & StoppedState)[];
}

export interface ProjectionState {
  name: string;
  /** Of the projection's code that made what queries are answered from. */
  version: number;
  generation: number;
  /** Events behind, over all partitions. */
  lag: number;
  state: 'live' | 'stopped';
  rebuild: RebuildState | null;
  partitions: {
    partition: number;
    checkpoint: number;
    /** Where the log ended when the partition's owner last reported. */
    head: number;
    lag: number;
    owner: string | null;
    reported_at: string | null;
    stopped?: StoppedState;
  }[];
}

/** Returns the state of each projection in each partition. Heads are as last reported by owners. */
export async function getProjections(models: ReadModels): Promise<ProjectionState[]> {
  const { redis, keys, projections } = models;
  const partitions = Array.from({ length: models.partitions }, (_, partition) => partition);
  const release = releaseOf(projections);
  const [generations, texts] = await Promise.all([
    readGenerations(redis, keys, projections),
    pipeline(redis, [
      ...partitions.map((partition): RedisCommand => ['GET', keys.report(partition, release)]),
      ...projections.map(({ name }): RedisCommand => ['GET', keys.progress(name)]),
    ]),
  ]);
  const reports = texts.slice(0, models.partitions).map((text) => parsed<PartitionReport>(text));

  return Promise.all(
    projections.map(async (projection, nth) => {
      const all = generations[nth];
      const served = (all && servedGeneration(all, projection.version)) ?? {
        generation: 0,
        version: projection.version,
      };
      const build = all?.next.get(projection.version);
      const id = { name: projection.name, generation: served.generation };
      const checkpoints = await pipeline(
        redis,
        partitions.map((partition) => ['GET', keys.checkpoint(id, partition)]),
      );
      const states = partitions.map((partition) =>
        partitionState(projection, partition, checkpoints[partition], reports[partition]),
      );
      return {
        name: projection.name,
        version: served.version,
        generation: served.generation,
        lag: states.reduce((sum, { lag }) => sum + lag, 0),
        state: states.some(({ stopped }) => stopped) ? ('stopped' as const) : ('live' as const),
        rebuild: build
          ? rebuildState(projection, build, reports, parsed<RebuildProgress>(texts[models.partitions + nth]))
          : null,
        partitions: states,
      };
    }),
  );
}

function partitionState(
  { name }: ProjectionId,
  partition: number,
  checkpointText: unknown,
  report: PartitionReport | undefined,
): ProjectionState['partitions'][number] {
  const checkpoint = decodeCheckpoint((checkpointText ?? null) as string | null).position;
  const head = Math.max(report?.head ?? 0, checkpoint);
  const stopped = report?.stopped[name];
  return {
    partition,
    checkpoint,
    head,
    lag: head - checkpoint,
    owner: report?.owner ?? null,
    reported_at: report?.reported_at ?? null,
    ...(stopped ? { stopped: stoppedState(stopped) } : {}),
  };
}

function rebuildState(
  { name }: ProjectionId,
  build: Build,
  reports: readonly (PartitionReport | undefined)[],
  latest: RebuildProgress | undefined,
): RebuildState {
  const stopped = reports.flatMap((report, partition) => {
    const one = report?.rebuild_stopped[name];
    return one ? [{ partition, ...stoppedState(one) }] : [];
  });
  const progress = latest?.generation === build.generation ? latest : undefined;
  const done = progress?.events_done ?? 0;
  const total = progress?.events_total ?? reports.reduce((sum, report) => sum + (report?.head ?? 0), 0);
  const rate = progress?.events_per_second ?? null;
  return {
    generation: build.generation,
    version: build.version,
    state: stopped.length > 0 ? 'stopped' : 'building',
    requested_by: build.requested_by,
    requested_at: build.requested_at,
    events_done: done,
    events_total: total,
    lag: Math.max(0, total - done),
    events_per_second: rate,
    seconds_left: rate ? Math.ceil((total - done) / rate) : null,
    ...(stopped.length > 0 ? { stopped } : {}),
  };
}

function stoppedState({ position, orderId, type, error, at }: StoppedReport): StoppedState {
  return { position, order_id: orderId, type, error, at };
}

function parsed<T>(text: unknown): T | undefined {
  return typeof text === 'string' ? (JSON.parse(text) as T) : undefined;
}
