import { count, type FromSchema, list, nullable, object, text, time, uuid } from '../json-schema.js';
import { decodeCheckpoint } from '../read-models/checkpoint.js';
import { type Build, readGenerations, servedGeneration } from '../read-models/generations.js';
import { type ProjectionId, releaseOf } from '../read-models/keys.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { pipeline } from '../read-models/redis/redis-pipeline.js';
import type { PartitionReport, RebuildProgress, StoppedReport } from '../read-models/report.js';
import type { ReadModels } from './live-generation.js';

/** The event at which a projection stopped, and why. */
const stoppedProperties = {
  position: count,
  order_id: nullable(uuid),
  type: nullable(text),
  error: text,
  at: time,
} as const;
const stoppedSchema = object(stoppedProperties);

export const rebuildSchema = object(
  {
    generation: count,
    /** The version of the projection's code that builds the generation. */
    version: count,
    state: { enum: ['building', 'stopped'] },
    requested_by: text,
    requested_at: time,
    events_done: count,
    events_total: count,
    /** Events that are still to be projected. */
    lag: count,
    events_per_second: nullable(count),
    seconds_left: nullable(count),
    stopped: list(object({ partition: count, ...stoppedProperties })),
  },
  ['stopped'],
);

const partitionSchema = object(
  {
    partition: count,
    checkpoint: count,
    /** The end of the log when the partition's owner last reported. */
    head: count,
    lag: count,
    owner: nullable(text),
    reported_at: nullable(time),
    stopped: stoppedSchema,
  },
  ['stopped'],
);

/** An event that an operator has decided to skip, with the later events of its order. */
const skippedSchema = object({ partition: count, position: count, order_id: nullable(uuid), type: nullable(text) });

const projectionSchema = object({
  name: text,
  /** The version of the projection's code that made the generation which queries read. */
  version: count,
  generation: count,
  /** Events behind, over all partitions. */
  lag: count,
  state: { enum: ['live', 'stopped'] },
  rebuild: { anyOf: [rebuildSchema, { type: 'null' }] },
  partitions: list(partitionSchema),
  skipped: {
    ...list(skippedSchema),
    description:
      'Events that an operator has decided to skip, and with each the later events of its order: these orders are ' +
      'damaged in this read model.',
  },
});

export const projectionsSchema = object({ projections: list(projectionSchema) });

export type RebuildState = FromSchema<typeof rebuildSchema>;
export type ProjectionState = FromSchema<typeof projectionSchema>;
type PartitionState = FromSchema<typeof partitionSchema>;
type StoppedState = FromSchema<typeof stoppedSchema>;

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
        skipped: reports.flatMap((report, partition) => skippedIn(report, partition, projection)),
      };
    }),
  );
}

function partitionState(
  { name }: ProjectionId,
  partition: number,
  checkpointText: unknown,
  report: PartitionReport | undefined,
): PartitionState {
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

function skippedIn(
  report: PartitionReport | undefined,
  partition: number,
  { name }: ProjectionId,
): ProjectionState['skipped'] {
  return (report?.skipped?.[name] ?? []).map(({ position, orderId, type }) => ({
    partition,
    position,
    order_id: orderId,
    type,
  }));
}

function parsed<T>(text: unknown): T | undefined {
  return typeof text === 'string' ? (JSON.parse(text) as T) : undefined;
}
