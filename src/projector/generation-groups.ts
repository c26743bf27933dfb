import type { Projection } from '../projections/projection.js';
import type { Generations } from '../read-models/generations.js';
import { projectorLimits as limits } from './limits.js';
import type { GenerationToFill } from './steps/generation-writer.js';

/** The name of the group of live generations begins with this word. */
export const liveGroup = 'live';

/**
 * Groups the generations that are to be filled. A group reads the log once for all its generations,
 * and continues from the checkpoint of the slowest one.
 *
 * - All live generations form one group.
 * - Rebuilds that are requested within `sharedRebuildMs` form a group. A later rebuild gets another
 *   group: it would hold the earlier ones back until it has caught up with them.
 *
 * @param all the generations of each projection, in the order of `projections`.
 * @returns the generations by the name of their group. The name changes with the group's content.
 */
export function groupGenerations(
  projections: readonly Projection[],
  all: readonly Generations[],
): Map<string, readonly GenerationToFill[]> {
  const live: GenerationToFill[] = [];
  const builds: (GenerationToFill & { readonly requestedAtMs: number })[] = [];
  for (const [index, projection] of projections.entries()) {
    const { name, version } = projection;
    const generation = all[index]?.live.get(version);
    if (generation !== undefined) {
      live.push({ projection, id: { name, generation }, filling: all[index]?.filling.get(generation) });
    }
    const build = all[index]?.next.get(version);
    if (!build) continue;
    const requestedAtMs = Date.parse(build.requested_at);
    builds.push({ projection, id: { name, generation: build.generation }, requestedAtMs });
  }
  const rebuilds: GenerationToFill[][] = [];
  let groupStartedAtMs = Number.NEGATIVE_INFINITY;
  for (const { projection, id, requestedAtMs } of builds.sort((a, b) => a.requestedAtMs - b.requestedAtMs)) {
    const group = rebuilds.at(-1);
    if (group && requestedAtMs - groupStartedAtMs <= limits.sharedRebuildMs) {
      group.push({ projection, id });
    } else {
      rebuilds.push([{ projection, id }]);
      groupStartedAtMs = requestedAtMs;
    }
  }
  const named = (kind: string, generations: readonly GenerationToFill[]) =>
    [`${kind} ${generations.map(({ id }) => `${id.name}:${id.generation}`).join(' ')}`, generations] as const;
  return new Map([
    ...(live.length > 0 ? [named(liveGroup, live)] : []),
    ...rebuilds.map((generations) => named('rebuild', generations)),
  ]);
}
