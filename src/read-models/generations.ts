import type { ProjectionId, ReadModelKeys } from './keys.js';
import type { Redis } from './redis/redis-client.js';
import { pipeline } from './redis/redis-pipeline.js';

/** A generation being built, and how it came to that. */
export interface Build {
  readonly generation: number;
  /** The version of the projection's code that builds it. */
  readonly version: number;
  readonly requested_by: string;
  readonly requested_at: string;
}

/**
 * The generations of one projection: a hash in Redis, changed only by the scripts of redis/. Every version of the
 * projection's code has a live generation of its own, so that the processes of two releases can run side by side.
 */
export interface Generations {
  /** The live generation, by version. */
  readonly live: ReadonlyMap<number, number>;
  /** What is being built, by version. */
  readonly next: ReadonlyMap<number, Build>;
  /** Generations whose keys are left to be removed, with the time in ms from which on. */
  readonly retired: ReadonlyMap<number, number>;
  /** How often operators have asked to try again what has stopped. */
  readonly resumes: number;
}

export function decodeGenerations(fields: Readonly<Record<string, string>>): Generations {
  const live = new Map<number, number>();
  const next = new Map<number, Build>();
  const retired = new Map<number, number>();
  for (const [field, value] of Object.entries(fields)) {
    const [kind, text] = field.split(':');
    const number = Number(text);
    if (kind === 'live') live.set(number, Number(value));
    if (kind === 'retired') retired.set(number, Number(value));
    if (kind === 'next') {
      const known = JSON.parse(fields[`build:${text}`] ?? '{}') as Omit<Build, 'generation' | 'version'>;
      next.set(number, { generation: Number(value), version: number, ...known });
    }
  }
  return { live, next, retired, resumes: Number(fields.resumes ?? 0) };
}

/** Rejects with ReadModelUnavailable. */
export async function readGenerations(
  redis: Redis,
  keys: ReadModelKeys,
  projections: readonly ProjectionId[],
): Promise<Generations[]> {
  const answers = await pipeline(
    redis,
    projections.map(({ name }) => ['HGETALL', keys.generations(name)]),
  );
  return answers.map((answer) => decodeGenerations(answer as Record<string, string>));
}

/** A live generation, and the version of the code that fills it. */
export interface Served {
  readonly generation: number;
  readonly version: number;
}

/**
 * The generation that processes of this version answer from: their version's, or, while that is being built for the first
 * time, that of the newest version before theirs, if their code still reads its shape (`readsFrom`). Undefined where there is
 * neither.
 */
export function servedGeneration({ live }: Generations, version: number): Served | undefined {
  const known = [...live].filter(([other]) => other <= version).sort(([a], [b]) => b - a);
  return known[0] && { version: known[0][0], generation: known[0][1] };
}
