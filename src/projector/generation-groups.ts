import type { Projection } from '../projections/projection.js';
import type { Build, Generations } from '../read-models/generations.js';
import type { TrackId } from './generation-writer.js';
import { projectorLimits as limits } from './limits.js';

/** How the group of the live generations is named, before what is in it. */
export const liveGroup = 'live';

/**
 * What is to be filled: the live generations together, and rebuilds that were asked for at nearly the same time together, since what
 * is in a group reads the log once. Later ones by themselves: a group goes on from where the last of it is.
 */
export function groupTracks(
  projections: readonly Projection[],
  all: readonly Generations[],
): Map<string, readonly TrackId[]> {
  const live: TrackId[] = [];
  const builds: { readonly track: TrackId; readonly requestedAtMs: number }[] = [];
  for (const [index, projection] of projections.entries()) {
    const { name, version } = projection;
    const generation = all[index]?.live.get(version);
    if (generation !== undefined) live.push({ projection, id: { name, generation } });
    const build = all[index]?.next.get(version);
    if (build) builds.push({ track: trackOf(projection, build), requestedAtMs: Date.parse(build.requested_at) });
  }
  const rebuilds: TrackId[][] = [];
  let firstOfGroupMs = Number.NEGATIVE_INFINITY;
  for (const { track, requestedAtMs } of builds.sort((a, b) => a.requestedAtMs - b.requestedAtMs)) {
    const group = rebuilds.at(-1);
    if (group && requestedAtMs - firstOfGroupMs <= limits.rebuildTogetherMs) {
      group.push(track);
    } else {
      rebuilds.push([track]);
      firstOfGroupMs = requestedAtMs;
    }
  }
  const named = (kind: string, tracks: readonly TrackId[]) =>
    [`${kind} ${tracks.map(({ id }) => `${id.name}:${id.generation}`).join(' ')}`, tracks] as const;
  return new Map([
    ...(live.length > 0 ? [named(liveGroup, live)] : []),
    ...rebuilds.map((tracks) => named('rebuild', tracks)),
  ]);
}

function trackOf(projection: Projection, { generation }: Build): TrackId {
  return { projection, id: { name: projection.name, generation } };
}
