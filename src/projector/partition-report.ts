import type { ReadModelKeys } from '../read-models/keys.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { type PartitionReport, reportLifeSeconds, type StoppedReport } from '../read-models/report.js';
import { liveGroup } from './generation-groups.js';
import type { SkippedEvents } from './skipped-events.js';

/** The part of an owned partition that its report is made of. */
interface ReportedPartition {
  readonly partition: number;
  /** By group, see generation-groups.ts. */
  readonly projectors: ReadonlyMap<string, { readonly stopped: ReadonlyMap<string, StoppedReport> }>;
}

/** The owner of the partitions, and its release: each release has owners and reports of its own. */
interface Reporter {
  readonly keys: ReadModelKeys;
  readonly owner: string;
  readonly release: string;
}

/**
 * The commands that report the state of each owned partition. Queries read the reports, because
 * they never ask PostgreSQL.
 */
export function reportCommands(
  { keys, owner, release }: Reporter,
  partitions: Iterable<ReportedPartition>,
  heads: ReadonlyMap<number, number>,
  skipped: Pick<SkippedEvents, 'of'>,
): RedisCommand[] {
  return [...partitions].map((one) => {
    const report = {
      ...partitionReport(owner, heads.get(one.partition) ?? 0, one),
      skipped: skipped.of(one.partition),
    };
    const key = keys.report(one.partition, release);
    return ['SET', key, JSON.stringify(report), 'EX', reportLifeSeconds];
  });
}

function partitionReport(owner: string, head: number, { projectors }: ReportedPartition): PartitionReport {
  const stoppedIn = (live: boolean) =>
    Object.fromEntries(
      [...projectors].flatMap(([group, { stopped }]) => (group.startsWith(liveGroup) === live ? [...stopped] : [])),
    );
  return {
    owner,
    head,
    stopped: stoppedIn(true),
    rebuild_stopped: stoppedIn(false),
    reported_at: new Date().toISOString(),
  };
}
