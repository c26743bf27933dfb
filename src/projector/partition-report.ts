import type { PartitionReport, StoppedReport } from '../read-models/report.js';
import { liveGroup } from './generation-groups.js';

/** What the owner of a partition tells of it. @param projectors those that fill its generations, by group. */
export function partitionReport(
  owner: string,
  head: number,
  projectors: ReadonlyMap<string, { readonly stopped: ReadonlyMap<string, StoppedReport> }>,
): PartitionReport {
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
