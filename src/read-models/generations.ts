import type { ProjectionId, ReadModelKeys } from './keys.js';
import type { Redis } from './redis/redis-client.js';
import { pipeline } from './redis/redis-pipeline.js';

/** A generation that is being built, and the request for it. */
export interface Build {
  readonly generation: number;
  /** The version of the projection's code that builds it. */
  readonly version: number;
  readonly requested_by: string;
  readonly requested_at: string;
}

/**
 * The generations of one projection. They are kept in a Redis hash, `ReadModelKeys.generations`.
 * Times are in milliseconds since 1970, by the clock of Redis. Scripts are those of redis/, methods
 * those of `GenerationStore`.
 *
 * Fields of the hash:
 *
 * - `counter`: the highest generation number that was given out.
 *   Written by open-generation.lua, request-generation.lua, retire-generation.lua and
 *   `openScratch`. Never removed.
 * - `live:<version>`: the generation that this version serves, or fills first.
 *   Written by open-generation.lua and flip-generation.lua. Removed by retire-versions.lua.
 * - `next:<version>`: the generation that this version builds.
 *   Written by request-generation.lua and open-generation.lua. Removed by flip-generation.lua,
 *   discard-generation.lua and retire-versions.lua.
 * - `build:<version>`: the request for it as JSON, `requested_by` and `requested_at`.
 *   Written and removed together with `next:<version>`.
 * - `flip:<version>`: the token of the flip that is under way. Checkpoints are frozen under it.
 *   Written by `announceFlip`. Removed by flip-generation.lua, release-flip.lua,
 *   discard-generation.lua and retire-versions.lua.
 * - `retired:<generation>`: the time from which on its keys may be removed, after a grace period.
 *   Written by flip-generation.lua, discard-generation.lua and retire-versions.lua with the present
 *   time; by retire-generation.lua with the end of a lease, or with 0. Removed by `forgetRetired`
 *   once the keys are gone.
 * - `seen:<version>`: when a process of this version last announced itself.
 *   Written by open-generation.lua. Removed by retire-versions.lua.
 * - `filling:<generation>`: the partitions of a live generation that lack events, and why. A name
 *   that changes with each new mark, a colon, and one digit per partition, see `fillingDigits`; `0`
 *   if it lacks none. Queries of a partition that lacks events are refused.
 *   Written by open-generation.lua, flip-generation.lua and fill-partition.lua, which removes it
 *   once all have caught up. Removed by `forgetRetired`.
 * - `resumes`: how often operators have asked to retry stopped projections.
 *   Written by `resume`. Never removed.
 *
 * The life of generation g of version v:
 *
 *     requested ─▶ building ─▶ nearly caught up ◀─▶ flipping ─▶ live ─▶ retired ─▶ removed
 *         │           │               │                │                   ▲
 *         └───────────┴──────────── cancelled ─────────┴───────────────────┘
 *
 * - requested: `next:v` is g. No step has been applied.
 * - building: the owners of the partitions move the checkpoints of g.
 * - nearly caught up: g lags at most `maxFlipLagEvents` in every partition.
 * - flipping: `flip:v` holds a token, and the checkpoints of the served generation carry it.
 * - live: `live:v` is g; `next:v`, `build:v` and `flip:v` are gone.
 * - retired: `retired:g` exists. It is entered when another generation of v becomes live, when the
 *   build is cancelled, or when v itself is retired.
 * - removed: no field names g. Its checkpoints carry the mark of a removed generation for a while.
 *
 * Three kinds of generations begin or end differently:
 *
 * - The first generation of a projection is live from the beginning. Each partition serves queries
 *   once it has caught up.
 * - A scratch generation, of a dry run or a point in time, is retired from the beginning. The time
 *   in `retired:g` is the end of its lease, which its builder renews.
 * - Each version has a live generation of its own, so that processes of two releases run side by
 *   side. The first generation of a further version begins as requested. A version is retired with
 *   its generations once another one is live and none of its processes has announced itself for
 *   `versionSeenTimeoutMs`; for `newerVersionSeenTimeoutMs` if it is newer than the other one.
 */
export interface Generations {
  /** The live generation, by version. */
  readonly live: ReadonlyMap<number, number>;
  /** The generation that is being built, by version. */
  readonly next: ReadonlyMap<number, Build>;
  /** By retired generation: the time in ms from which on its keys may be removed. */
  readonly retired: ReadonlyMap<number, number>;
  /** By live generation: the partitions that lack events. */
  readonly filling: ReadonlyMap<number, Filling>;
  /** How often operators have asked to retry stopped projections. */
  readonly resumes: number;
}

/** Decodes the fields of the hash that processes decide by. */
export function decodeGenerations(fields: Readonly<Record<string, string>>): Generations {
  const live = new Map<number, number>();
  const next = new Map<number, Build>();
  const retired = new Map<number, number>();
  const filling = new Map<number, Filling>();
  for (const [field, value] of Object.entries(fields)) {
    const [kind, text] = field.split(':');
    const number = Number(text);
    if (kind === 'live') live.set(number, Number(value));
    if (kind === 'retired') retired.set(number, Number(value));
    if (kind === 'filling') filling.set(number, decodeFilling(value));
    if (kind === 'next') {
      const request = JSON.parse(fields[`build:${text}`] ?? '{}') as Omit<Build, 'generation' | 'version'>;
      next.set(number, { generation: Number(value), version: number, ...request });
    }
  }
  return { live, next, retired, filling, resumes: Number(fields.resumes ?? 0) };
}

/** Decodes the field `filling`. */
export function decodeFilling(text: string): Filling {
  const [name = '', marks = ''] = text.split(':');
  return {
    name,
    has: (partition) => (marks[partition] ?? '0') !== '0',
    isOutdated: (partition) => marks[partition] === fillingDigits.outdated,
  };
}

/**
 * Reads the generations of each projection, in the same order. Rejects with ReadModelUnavailable.
 */
export async function readGenerations(
  redis: Redis,
  keys: ReadModelKeys,
  projections: readonly ProjectionId[],
): Promise<Generations[]> {
  const replies = await pipeline(
    redis,
    projections.map(({ name }) => ['HGETALL', keys.generations(name)]),
  );
  return replies.map((reply) => decodeGenerations(reply as Record<string, string>));
}

/** The digits of partitions that lack events, by the reason. */
export const fillingDigits = {
  /** Redis has lost the data, or it is new; the partition has not caught up since. */
  lost: '1',
  /** The projector has stopped at an event that a newer version of the service wrote. */
  outdated: '2',
} as const;

/** Why a partition lacks events. */
export type Lacking = keyof typeof fillingDigits;

/** Partitions that lack events, so that queries must not read them. */
export interface Filling {
  /** Changes with each new mark of a partition. */
  readonly name: string;
  has(partition: number): boolean;
  /** Whether it lacks events of a newer version of the service. */
  isOutdated(partition: number): boolean;
}

/** A live generation, and the version of the code that fills it. */
export interface Served {
  readonly generation: number;
  readonly version: number;
}

/**
 * The generation that processes of this version serve: that of their own version or, while its
 * first one is being built, that of the newest older version. The caller checks whether its code
 * reads the shape of that version (`readsFrom`). Undefined if no such version is live.
 */
export function servedGeneration({ live }: Generations, version: number): Served | undefined {
  const candidates = [...live].filter(([other]) => other <= version).sort(([a], [b]) => b - a);
  return candidates[0] && { version: candidates[0][0], generation: candidates[0][1] };
}
