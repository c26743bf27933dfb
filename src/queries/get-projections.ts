import { decodeCheckpoint } from '../read-models/checkpoint.js';
import { type Build, readGenerations, servedGeneration } from '../read-models/generations.js';
import { type ProjectionId, releaseOf } from '../read-models/keys.js';
import { recentRefusal } from '../read-models/redis/redis-client.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { pipeline } from '../read-models/redis/redis-pipeline.js';
import { writeRefusal } from '../read-models/redis/write-refusal.js';
import {
  type PartitionReport,
  type RebuildProgress,
  reportLifeSeconds,
  type StoppedReport,
} from '../read-models/report.js';
import { queryLimits as limits } from './limits.js';
import type { ReadModels } from './live-generation.js';
import {
  type PartitionState,
  type ProjectionState,
  projectionStates,
  type RebuildState,
  type StoppedState,
} from './projections-document.js';

/** The last report of a partition's owner, and its age. */
interface AgedReport extends PartitionReport {
  readonly ageMs: number;
}

/**
 * Returns the state of each projection in each partition. The heads are those that this process
 * knows from the log; without such knowledge, those that owners last reported.
 */
export async function getProjections(models: ReadModels): Promise<ProjectionState[]> {
  const { redis, keys, projections } = models;
  const partitions = Array.from({ length: models.partitions }, (_, partition) => partition);
  const release = releaseOf(projections);
  const [generations, texts] = await Promise.all([
    readGenerations(redis, keys, projections),
    pipeline(redis, [
      ...partitions.map((partition): RedisCommand => ['GET', keys.report(partition, release)]),
      ...partitions.map((partition): RedisCommand => ['PTTL', keys.report(partition, release)]),
      ...projections.map(({ name }): RedisCommand => ['GET', keys.progress(name)]),
    ]),
  ]);
  const reports = partitions.map((partition) =>
    agedReport(texts[partition], Number(texts[models.partitions + partition])),
  );

  const unreported = reports.every(isAlive) ? 'unowned' : await stateWithoutReport(models);

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
        partitionState(models, projection, partition, checkpoints[partition], reports[partition], unreported),
      );
      return {
        name: projection.name,
        version: served.version,
        generation: served.generation,
        lag: states.reduce((sum, { lag }) => sum + lag, 0),
        lag_seconds: longest(states.map(({ lag_seconds }) => lag_seconds)),
        state: worst(states.map(({ state }) => state)),
        rebuild: build
          ? rebuildState(
              projection,
              build,
              { reports, unreported },
              parsed<RebuildProgress>(texts[2 * models.partitions + nth]),
            )
          : null,
        partitions: states,
        skipped: reports.flatMap((report, partition) => skippedIn(report, partition, projection)),
      };
    }),
  );
}

function partitionState(
  { knownHead, headTimes }: Pick<ReadModels, 'knownHead' | 'headTimes'>,
  { name }: ProjectionId,
  partition: number,
  checkpointText: unknown,
  report: AgedReport | undefined,
  unreported: Unreported,
): PartitionState {
  const checkpoint = decodeCheckpoint((checkpointText ?? null) as string | null).position;
  const head = Math.max(knownHead?.(partition) ?? report?.head ?? 0, checkpoint);
  const stopped = report?.stopped[name];
  const lagMs = head === checkpoint ? 0 : headTimes?.lagMs(partition, checkpoint);
  return {
    partition,
    state: !isAlive(report) ? unreported : stopped ? 'stopped' : 'live',
    checkpoint,
    head,
    lag: head - checkpoint,
    lag_seconds: lagMs === undefined ? null : Math.floor(lagMs / 1000),
    owner: isAlive(report) ? report.owner : null,
    reported_at: report?.reported_at ?? null,
    report_age_seconds: report ? Math.floor(report.ageMs / 1000) : null,
    ...(stopped ? { stopped: stoppedState(stopped) } : {}),
  };
}

function agedReport(text: unknown, leftMs: number): AgedReport | undefined {
  const report = parsed<PartitionReport>(text);
  return report && { ...report, ageMs: Math.max(0, reportLifeSeconds * 1000 - leftMs) };
}

/** Whether the owner of a partition lives: it has reported lately. */
function isAlive(report: AgedReport | undefined): report is AgedReport {
  return report !== undefined && report.ageMs < limits.maxReportAgeMs;
}

/** The state of a partition without a fresh report. */
type Unreported = 'unowned' | 'blocked';

/** Owners report in Redis: while it refuses writes, a missing report says nothing about them. */
async function stateWithoutReport({ redis, keys }: Pick<ReadModels, 'redis' | 'keys'>): Promise<Unreported> {
  const recent = recentRefusal(redis);
  if (recent && !recent.isOfOneCommand) return 'blocked';
  return (await writeRefusal(redis, keys).catch(() => undefined)) ? 'blocked' : 'unowned';
}

function worst(states: readonly PartitionState['state'][]): PartitionState['state'] {
  return projectionStates.find((state) => states.includes(state)) ?? 'live';
}

/** Null if one is null. */
function longest(seconds: readonly (number | null)[]): number | null {
  return seconds.reduce((max, one) => (max === null || one === null ? null : Math.max(max, one)), 0);
}

export function rebuildState(
  { name }: ProjectionId,
  build: Build,
  { reports, unreported }: { readonly reports: readonly (AgedReport | undefined)[]; readonly unreported: Unreported },
  latest: RebuildProgress | undefined,
): RebuildState {
  const stopped = reports.flatMap((report, partition) => {
    const one = report?.rebuild_stopped[name];
    return one ? [{ partition, ...stoppedState(one) }] : [];
  });
  const progress = latest?.generation === build.generation ? latest : undefined;
  const done = progress?.events_done ?? 0;
  const total = progress?.events_total ?? reports.reduce((sum, report) => sum + (report?.head ?? 0), 0);
  // A process of another release may have stored a negative rate.
  const rate = progress && progress.events_per_second !== null ? Math.max(0, progress.events_per_second) : null;
  return {
    generation: build.generation,
    version: build.version,
    state: stopped.length > 0 ? 'stopped' : reports.every(isAlive) ? 'building' : unreported,
    requested_by: build.requested_by,
    requested_at: build.requested_at,
    events_done: done,
    events_total: total,
    lag: Math.max(0, total - done),
    events_per_second: rate,
    seconds_left: rate ? Math.ceil(Math.max(0, total - done) / rate) : null,
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
