import type { Generations } from '../read-models/generations.js';
import type { Projection } from './projection.js';
import type { TrackId } from './track.js';

/** How the group of the live generations is named, before what is in it. */
export const liveGroup = 'live';

/** What is to be filled: the live generations together, and what is built for one request together. */
export function groupTracks(
  projections: readonly Projection[],
  all: readonly Generations[],
): Map<string, readonly TrackId[]> {
  const live: TrackId[] = [];
  const rebuilds = new Map<string, TrackId[]>();
  for (const [index, projection] of projections.entries()) {
    const { name, version } = projection;
    const generation = all[index]?.live.get(version);
    if (generation !== undefined) live.push({ projection, id: { name, generation } });
    const build = all[index]?.next.get(version);
    if (!build) continue;
    const together = rebuilds.get(build.request) ?? [];
    together.push({ projection, id: { name, generation: build.generation } });
    rebuilds.set(build.request, together);
  }
  const named = (kind: string, tracks: readonly TrackId[]) =>
    [`${kind} ${tracks.map(({ id }) => `${id.name}:${id.generation}`).join(' ')}`, tracks] as const;
  return new Map([
    ...(live.length > 0 ? [named(liveGroup, live)] : []),
    ...[...rebuilds.values()].map((tracks) => named('rebuild', tracks)),
  ]);
}
