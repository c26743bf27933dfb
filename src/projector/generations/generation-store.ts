import type { Pool } from '../../event-log/database.js';
import { readHeads } from '../../event-log/heads/read-heads.js';
import { maxEndedBuilds } from '../../read-models/ended-builds.js';
import { type Build, decodeGenerations, type Generations, readGenerations } from '../../read-models/generations.js';
import type { GenerationId, ProjectionId, ReadModelKeys } from '../../read-models/keys.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { redisScript } from '../../read-models/redis/redis-script.js';
import { projectorLimits as limits } from '../limits.js';

/**
 * Changes the generations of projections; read-models/generations.ts describes their life. Each
 * change is one script or one command on the projection's hash, so that any number of processes may
 * try the same. All methods reject with ReadModelUnavailable.
 */
export interface GenerationStore {
  read(projections: readonly ProjectionId[]): Promise<Generations[]>;
  /**
   * Ensures that this version has a generation to fill, and records that its processes are alive.
   * Also rejects with the errors of PostgreSQL.
   */
  open(projection: ProjectionId, requestedBy: string): Promise<void>;
  /** Requests a rebuild. If one is under way, that one is returned. */
  request(projection: ProjectionId, requestedBy: string): Promise<{ build: Build; isNew: boolean }>;
  /** Cancels a rebuild. Resolves with false if none is under way. */
  cancel(projection: ProjectionId): Promise<boolean>;
  /** Asks all owners to retry the events that the projection has stopped on. */
  resume(projection: ProjectionId): Promise<void>;
  /** Announces a flip under a token. `flip` with it succeeds until the token is released. */
  announceFlip(projection: ProjectionId, token: string): Promise<void>;
  /**
   * Makes a generation live. Resolves with false if its build was cancelled or the token released.
   * @param replaced the generation that queries read until now.
   */
  flip(projection: ProjectionId, generation: number, token: string, replaced?: number): Promise<boolean>;
  /** Retires the generations of other versions that no process has announced for a while. */
  retireVersions(projection: ProjectionId): Promise<void>;
  /** Opens a generation that never becomes live. It is removed when its lease ends. */
  openScratch(projection: ProjectionId): Promise<GenerationId>;
  /** Renews the lease of a scratch generation. */
  renewLease(id: GenerationId): Promise<void>;
  /** Retires a generation, so that its keys are removed at once. */
  retire(id: GenerationId): Promise<void>;
  /** Finds a retired generation whose keys may be removed, if there is one. */
  dueRemoval(projection: ProjectionId): Promise<GenerationId | undefined>;
  /** Ends the life of a generation whose keys have been removed. */
  forgetRetired(id: GenerationId): Promise<void>;
}

/** @param pool knows whether the log has events that a new generation lacks. */
export function createGenerationStore(redis: Redis, keys: ReadModelKeys, pool: Pool): GenerationStore {
  const open = redisScript(redis, 'open-generation.lua');
  const request = redisScript(redis, 'request-generation.lua');
  const discard = redisScript(redis, 'discard-generation.lua');
  const flip = redisScript(redis, 'flip-generation.lua');
  const retireVersions = redisScript(redis, 'retire-versions.lua');
  const retire = redisScript(redis, 'retire-generation.lua');
  const dueRemoval = redisScript(redis, 'due-removal.lua');

  const announce = async (name: string) => {
    await pipeline(redis, [['PUBLISH', keys.generationsChannel, name]]);
  };
  const buildOf = (requestedBy: string) =>
    JSON.stringify({ requested_by: requestedBy, requested_at: new Date().toISOString() });
  const retireIn = async ({ name, generation }: GenerationId, ms: number | '') => {
    await retire([keys.generations(name)], [generation, ms]);
  };

  return {
    read: (projections) => readGenerations(redis, keys, projections),
    async open({ name, version }, requestedBy) {
      const ensure = (marks: string) => open([keys.generations(name)], [version, buildOf(requestedBy), marks]);
      if ((await ensure('')) === 0) return;
      const heads = await readHeads(pool);
      await ensure(heads.map(({ position }) => (position > 0 ? '1' : '0')).join(''));
    },
    async request({ name, version }, requestedBy) {
      const [, isNew] = (await request([keys.generations(name)], [version, buildOf(requestedBy)])) as [number, number];
      const [fields] = await pipeline(redis, [['HGETALL', keys.generations(name)]]);
      const build = decodeGenerations(fields as Record<string, string>).next.get(version);
      if (!build) throw new ReadModelUnavailable('the rebuild has just been cancelled');
      if (isNew) await announce(name);
      return { build, isNew: isNew === 1 };
    },
    async cancel({ name, version }) {
      const generation = await discard([keys.generations(name), keys.endedBuilds(name)], [version, maxEndedBuilds]);
      if (typeof generation !== 'number') return false;
      await announce(name);
      return true;
    },
    async resume({ name }) {
      await pipeline(redis, [['HINCRBY', keys.generations(name), 'resumes', 1]]);
      await announce(name);
    },
    async announceFlip({ name, version }, token) {
      await pipeline(redis, [['HSET', keys.generations(name), `flip:${version}`, token]]);
    },
    async flip({ name, version }, generation, token, replaced) {
      const args = [version, generation, token, replaced ?? '', maxEndedBuilds];
      const done = await flip([keys.generations(name), keys.endedBuilds(name)], args);
      if (done === 1) await announce(name);
      return done === 1;
    },
    async retireVersions({ name, version }) {
      await retireVersions(
        [keys.generations(name)],
        [version, limits.versionSeenTimeoutMs, limits.newerVersionSeenTimeoutMs],
      );
    },
    async openScratch({ name }) {
      const [generation] = (await pipeline(redis, [['HINCRBY', keys.generations(name), 'counter', 1]])) as [number];
      const id = { name, generation };
      await retireIn(id, limits.scratchLeaseMs);
      return id;
    },
    renewLease: (id) => retireIn(id, limits.scratchLeaseMs),
    retire: (id) => retireIn(id, ''),
    async dueRemoval({ name }) {
      const generation = await dueRemoval([keys.generations(name)], [limits.retiredGraceMs]);
      return typeof generation === 'number' ? { name, generation } : undefined;
    },
    async forgetRetired({ name, generation }) {
      await pipeline(redis, [['HDEL', keys.generations(name), `retired:${generation}`, `filling:${generation}`]]);
    },
  };
}
