import type { Projection } from '../projections/projection.js';
import type { Build, Generations } from '../read-models/generations.js';
import type { GenerationToFill } from './generation-writer.js';
import { projectorLimits as limits } from './limits.js';

/** How the group of the live generations is named, before what is in it. */
export const liveGroup = 'live';

/**
 * What is to be filled: the live generations together, and rebuilds that were asked for at nearly the same time together, since what
 * is in a group reads the log once. Later ones by themselves: a group goes on from where the last of it is.
 */
export function groupGenerations(
  projections: readonly Projection[],
  all: readonly Generations[],
): Map<string, readonly GenerationToFill[]> {
  const live: GenerationToFill[] = [];
  const builds: { readonly target: GenerationToFill; readonly requestedAtMs: number }[] = [];
  for (const [index, projection] of projections.entries()) {
    const { name, version } = projection;
    const generation = all[index]?.live.get(version);
    if (generation !== undefined) live.push({ projection, id: { name, generation } });
    const build = all[index]?.next.get(version);
    if (build) builds.push({ target: targetOf(projection, build), requestedAtMs: Date.parse(build.requested_at) });
  }
  const rebuilds: GenerationToFill[][] = [];
  let firstOfGroupMs = Number.NEGATIVE_INFINITY;
  for (const { target, requestedAtMs } of builds.sort((a, b) => a.requestedAtMs - b.requestedAtMs)) {
    const group = rebuilds.at(-1);
    if (group && requestedAtMs - firstOfGroupMs <= limits.sharedRebuildMs) {
      group.push(target);
    } else {
      rebuilds.push([target]);
      firstOfGroupMs = requestedAtMs;
    }
  }
  const named = (kind: string, targets: readonly GenerationToFill[]) =>
    [`${kind} ${targets.map(({ id }) => `${id.name}:${id.generation}`).join(' ')}`, targets] as const;
  return new Map([
    ...(live.length > 0 ? [named(liveGroup, live)] : []),
    ...rebuilds.map((targets) => named('rebuild', targets)),
  ]);
}

function targetOf(projection: Projection, { generation }: Build): GenerationToFill {
  return { projection, id: { name: projection.name, generation } };
}
