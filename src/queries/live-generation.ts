import { type Generations, readGenerations, type Served, servedGeneration } from '../read-models/generations.js';
import type { GenerationId, PartitionKeys, ProjectionId, ReadModelKeys } from '../read-models/keys.js';
import { ReadModelBeingBuilt, ReadModelUnavailable } from '../read-models/read-model-unavailable.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { pipeline, pipelineThen, type RedisCommand } from '../read-models/redis/redis-pipeline.js';
import { type RedisScript, redisScript } from '../read-models/redis/redis-script.js';
import { queryLimits as limits } from './limits.js';

/** What every query reads from. */
export interface ReadModels {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  /** The log's number of partitions. */
  readonly partitions: number;
  /** All read models that there are: what is shown to operators, and what a command's answer waits for. */
  readonly projections: readonly ProjectionId[];
  /** redis/newest-members.lua. */
  readonly newestMembers: RedisScript;
  /** By projection: the generation that was live when it was last looked at. Every use of it is checked, see fromLive. */
  readonly served: Map<string, LiveGeneration>;
}

export interface LiveGeneration extends Served {
  readonly reader: GenerationReader;
}

export function createReadModels(
  redis: Redis,
  keys: ReadModelKeys,
  partitions: number,
  projections: readonly ProjectionId[],
): ReadModels {
  return {
    redis,
    keys,
    partitions,
    projections,
    newestMembers: redisScript(redis, 'newest-members.lua'),
    served: new Map(),
  };
}

/** One generation of a read model, as a query reads it. */
export interface GenerationReader {
  readonly id: GenerationId;
  keys(partition: number): PartitionKeys;
  /** Sends commands in one round trip and gives their answers in order. */
  read(commands: readonly RedisCommand[]): Promise<unknown[]>;
  /**
   * The newest members of sorted sets, those of a partition as they are at one moment: for each partition a list for each of its sets,
   * by descending order. Bounds as ZRANGE BYLEX takes them.
   */
  newestMembers(sets: readonly (readonly string[])[], from: string, to: string, count: number): Promise<string[][][]>;
}

/** Another generation has become live while a query read the one before. */
class GenerationChanged extends Error {}

/**
 * Answers a query from the live generation of a projection. After each read it is also read which generation is
 * live, and if it is another one than the query reads, the query begins again on that. So every answer comes from one
 * generation as it was while it was live: never from one that is being built, being removed, or from two.
 * Rejects with ReadModelUnavailable.
 */
export async function fromLive<Answer>(
  models: ReadModels,
  projection: ProjectionId,
  query: (generation: GenerationReader) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 0; attempt < limits.maxGenerationChanges; attempt += 1) {
    const { reader } = models.served.get(projection.name) ?? (await lookUpServed(models, projection));
    try {
      return await query(reader);
    } catch (error) {
      if (!(error instanceof GenerationChanged)) throw error;
      models.served.delete(projection.name);
    }
  }
  throw new ReadModelUnavailable(`${projection.name} changed its generation again and again`);
}

/** Answers a query from a generation that is nobody's live one, such as that of a replay up to a point in time. */
export function fromGeneration(models: ReadModels, id: GenerationId): GenerationReader {
  return reader(
    models,
    id,
    (commands) => pipeline(models.redis, commands),
    async () => undefined,
  );
}

/** Looks up which generation is live. Where there is none yet, that is the empty generation 0, looked up anew each time. */
export async function lookUpServed(models: ReadModels, projection: ProjectionId): Promise<LiveGeneration> {
  const [generations] = await readGenerations(models.redis, models.keys, [projection]);
  const found = generations && readableGeneration(generations, projection);
  if (!found && generations && generations.live.size > 0) throw new ReadModelBeingBuilt(projection);
  const served = found ?? { generation: 0, version: projection.version };
  const live = { ...served, reader: liveReader(models, projection, served) };
  if (found) models.served.set(projection.name, live);
  return live;
}

/** The read models that this version can't answer from yet: what is live has a shape that it does not read. Rejects with ReadModelUnavailable. */
export async function readModelsBeingBuilt({ redis, keys, projections }: ReadModels): Promise<string[]> {
  const all = await readGenerations(redis, keys, projections);
  return projections.flatMap((projection, index) => {
    const generations = all[index];
    return generations && generations.live.size > 0 && !readableGeneration(generations, projection)
      ? projection.name
      : [];
  });
}

function readableGeneration(generations: Generations, projection: ProjectionId): Served | undefined {
  const served = servedGeneration(generations, projection.version);
  return served && served.version >= (projection.readsFrom ?? 0) ? served : undefined;
}

function liveReader(models: ReadModels, projection: ProjectionId, served: Served): GenerationReader {
  // While the version before is served, the first generation of this version is what has to be noticed.
  const fields = [...new Set([projection.version, served.version])].map((version) => `live:${version}`);
  const liveNow: RedisCommand = ['HMGET', models.keys.generations(projection.name), ...fields];
  const check = (answer: unknown) => {
    const [own, before] = answer as (string | null)[];
    const live = fields.length === 1 ? own : (own ?? before);
    if (Number(live ?? 0) !== served.generation) throw new GenerationChanged();
  };
  return reader(
    models,
    { name: projection.name, generation: served.generation },
    async (commands) => {
      // One look for all queries of this turn of the event loop: it comes after what each of them reads.
      const answers = await pipelineThen(models.redis, commands, liveNow);
      check(answers.pop());
      return answers;
    },
    async () => check((await pipeline(models.redis, [liveNow]))[0]),
  );
}

function reader(
  models: ReadModels,
  id: GenerationId,
  read: (commands: readonly RedisCommand[]) => Promise<unknown[]>,
  checkAfter: () => Promise<void>,
): GenerationReader {
  const names = Array.from({ length: models.partitions }, (_, partition) => models.keys.partition(id, partition));
  return {
    id,
    keys: (partition) => names[partition] ?? models.keys.partition(id, partition),
    read,
    async newestMembers(sets, from, to, count) {
      if (sets.every(({ length }) => length === 1)) {
        // One set is read at one moment anyway.
        const range = (key: string): RedisCommand => ['ZRANGE', key, to, from, 'BYLEX', 'REV', 'LIMIT', 0, count];
        const lists = await read(sets.flat().map(range));
        return lists.map((list) => [list as string[]]);
      }
      const answers = await Promise.all(sets.map((keys) => models.newestMembers(keys, [to, from, count])));
      await checkAfter();
      return answers as string[][][];
    },
  };
}
