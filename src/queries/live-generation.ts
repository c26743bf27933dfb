import { LogEpochs } from '../log-epochs.js';
import {
  decodeFilling,
  type Filling,
  type Generations,
  readGenerations,
  type Served,
  servedGeneration,
} from '../read-models/generations.js';
import type { GenerationId, ProjectionId, ReadModelKeys } from '../read-models/keys.js';
import { damagedOrders } from '../read-models/order-buckets.js';
import { placedMemberLength } from '../read-models/order-status.js';
import { ReadModelBeingBuilt, ReadModelUnavailable } from '../read-models/read-model-unavailable.js';
import { type Redis, serverChanges } from '../read-models/redis/redis-client.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { pipeline, pipelineThen } from '../read-models/redis/redis-pipeline.js';
import { type RedisScript, redisScript } from '../read-models/redis/redis-script.js';
import { type FillingPartitions, type HeadTimes, type KnownHead, readFillingPartitions } from './filling-partitions.js';
import type { GenerationReader, MemberRange, RangesRead } from './generation-reader.js';
import { queryLimits as limits } from './limits.js';

/** The read models, as every query needs them. */
export interface ReadModels {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  /** The log's number of partitions. */
  readonly partitions: number;
  /** The epochs of the log, by which positions are named. */
  readonly epochs: LogEpochs;
  /** All projections: operators see each of them, and a command's response may wait for each. */
  readonly projections: readonly ProjectionId[];
  /** redis/newest-members.lua. */
  readonly newestMembers: RedisScript;
  /** redis/read-ranges.lua. */
  readonly readRanges: RedisScript;
  /** The live generation of each projection, as last looked up. `fromLive` checks each use. */
  readonly served: Map<string, LiveGeneration>;
  /** By projection: the look-up of its live generation that is in flight. */
  readonly lookUps: Map<string, Promise<LiveGeneration>>;
  /**
   * If set, queries of partitions that are being filled are refused. Otherwise they read what is
   * there.
   */
  readonly knownHead?: KnownHead | undefined;
  /** If set, lags are known in seconds too. */
  readonly headTimes?: HeadTimes | undefined;
}

export interface LiveGeneration extends Served {
  readonly reader: GenerationReader;
  /** Undefined if all partitions have caught up. */
  readonly filling: FillingPartitions | undefined;
  /** Whether later queries may use it. While partitions have marks, each query looks them up. */
  readonly isLasting: boolean;
}

export function createReadModels(
  redis: Redis,
  keys: ReadModelKeys,
  partitions: number,
  projections: readonly ProjectionId[],
  epochs: LogEpochs = new LogEpochs(),
): ReadModels {
  return {
    redis,
    keys,
    partitions,
    epochs,
    projections,
    newestMembers: redisScript(redis, 'newest-members.lua'),
    readRanges: redisScript(redis, 'read-ranges.lua'),
    served: new Map(),
    lookUps: new Map(),
  };
}

/** Another generation became live while a query read this one. */
class GenerationChanged extends Error {}

/**
 * Runs a query on the live generation of a projection. Each read also reads, last, which generation
 * is live; if that is another one, the query starts over on it. Every result therefore comes from
 * one generation while it was live, never from one that is being built or removed, and never from
 * two. A query also starts over if a connection to Redis was lost meanwhile, or keys have another
 * primary: its later reads may have met an older state than its earlier ones. Rejects with
 * ReadModelUnavailable.
 */
export async function fromLive<Result>(
  models: ReadModels,
  projection: ProjectionId,
  query: (generation: GenerationReader) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 0; attempt < limits.maxQueryAttempts; attempt += 1) {
    const known = models.served.get(projection.name);
    const { reader } = known?.isLasting ? known : await lookUpTogether(models, projection);
    const changes = serverChanges(models.redis);
    try {
      const result = await query(reader);
      if (serverChanges(models.redis) === changes) return result;
    } catch (error) {
      if (!(error instanceof GenerationChanged)) throw error;
      models.served.delete(projection.name);
    }
  }
  throw new ReadModelUnavailable(
    `in each of ${limits.maxQueryAttempts} attempts, Redis went away or failed over, or another generation of ${projection.name} became live`,
  );
}

/** Returns a reader of a generation that is never live, such as that of a replay up to a time. */
export function fromGeneration(models: ReadModels, id: GenerationId): GenerationReader {
  return reader(
    models,
    id,
    (commands, ...shared) => pipelineThen(models.redis, commands, ...shared),
    async () => undefined,
    undefined,
  );
}

/** Looks up the live generation. Queries share the look-up that is in flight. */
function lookUpTogether(models: ReadModels, projection: ProjectionId): Promise<LiveGeneration> {
  const { lookUps } = models;
  const lookUp =
    lookUps.get(projection.name) ?? lookUpServed(models, projection).finally(() => lookUps.delete(projection.name));
  lookUps.set(projection.name, lookUp);
  return lookUp;
}

/** Looks up the live generation. If none is live, it is the empty generation 0, not remembered. */
export async function lookUpServed(models: ReadModels, projection: ProjectionId): Promise<LiveGeneration> {
  const [generations] = await readGenerations(models.redis, models.keys, [projection]);
  const found = generations && readableGeneration(generations, projection);
  if (!found && generations && generations.live.size > 0) throw new ReadModelBeingBuilt(projection);
  const served = found ?? { generation: 0, version: projection.version };
  const filling = found ? generations?.filling.get(found.generation) : everyPartition;
  const lacking =
    filling && models.knownHead
      ? await readFillingPartitions(models, idOf(projection, served), filling, models.knownHead)
      : undefined;
  const live = {
    ...served,
    reader: liveReader(models, projection, served, filling, lacking),
    filling: lacking,
    isLasting: !filling || !models.knownHead,
  };
  if (found) models.served.set(projection.name, live);
  return live;
}

/** Without a generation, nothing is filled. */
const everyPartition: Filling = { name: '', has: () => true, isOutdated: () => false };

/**
 * Describes the read models of which partitions lack events, such as "being filled: order-status
 * 61 %". Undefined if none lacks any. Rejects with ReadModelUnavailable.
 */
export async function describeLacking(models: ReadModels): Promise<string | undefined> {
  const all = await Promise.all(
    models.projections.map(async (projection) => {
      const { filling } = await lookUpServed(models, projection);
      return { name: projection.name, ...filling };
    }),
  );
  const outdated = all.flatMap(({ name, isOutdated }) => (isOutdated ? name : []));
  const filled = all.flatMap(({ name, events }) =>
    events ? `${name} ${Math.floor((100 * events.done) / Math.max(1, events.total))} %` : [],
  );
  const parts: string[] = [];
  if (outdated.length > 0) {
    const have = outdated.length === 1 ? 'has' : 'have';
    parts.push(`outdated: ${outdated.join(', ')} ${have} stopped at an event of a newer version`);
  }
  if (filled.length > 0) parts.push(`being filled: ${filled.join(', ')}`);
  return parts.length > 0 ? parts.join('; ') : undefined;
}

/**
 * Returns the names of the read models that this version cannot read yet, since no live generation
 * has a format that it reads. Rejects with ReadModelUnavailable.
 */
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

function idOf({ name }: ProjectionId, { generation }: Served): GenerationId {
  return { name, generation };
}

/** @param filling the marks that were found with the generation. */
function liveReader(
  models: ReadModels,
  projection: ProjectionId,
  served: Served,
  filling: Filling | undefined,
  lacking: FillingPartitions | undefined,
): GenerationReader {
  // While a generation of an earlier version is served, the first of this version must be noticed.
  const fields = [...new Set([projection.version, served.version])].map((version) => `live:${version}`);
  const liveNow: RedisCommand = [
    'HMGET',
    models.keys.generations(projection.name),
    `filling:${served.generation}`,
    ...fields,
  ];
  const check = (reply: unknown) => {
    const [marks, own, earlier] = reply as (string | null)[];
    const live = fields.length === 1 ? own : (own ?? earlier);
    if (Number(live ?? 0) !== served.generation) throw new GenerationChanged();
    // New marks: data that was there when the generation was looked up may be lost.
    if (marks && models.knownHead && decodeFilling(marks).name !== filling?.name) throw new GenerationChanged();
  };
  return reader(
    models,
    idOf(projection, served),
    async (commands, ...shared) => {
      // All queries of one turn of the event loop share this last read.
      const replies = await pipelineThen(models.redis, commands, ...shared, liveNow);
      check(replies.pop());
      return replies;
    },
    async () => check((await pipeline(models.redis, [liveNow]))[0]),
    lacking,
  );
}

function reader(
  models: ReadModels,
  id: GenerationId,
  read: GenerationReader['read'],
  checkAfter: () => Promise<void>,
  lacking: FillingPartitions | undefined,
): GenerationReader {
  const names = Array.from({ length: models.partitions }, (_, partition) => models.keys.partition(id, partition));
  const damaged = names.map((name): RedisCommand => ['EXISTS', damagedOrders(name)]);
  return {
    id,
    keys: (partition, needs = 'all') => {
      if (needs === 'all') lacking?.refuse(partition);
      return names[partition] ?? models.keys.partition(id, partition);
    },
    read,
    hasDamaged: (partition) => damaged[partition] ?? ['EXISTS', damagedOrders(models.keys.partition(id, partition))],
    async newestMembers(ranges, count) {
      if (ranges.every(({ length }) => length === 1)) {
        // A single range per partition is read at one moment without the script.
        const command = ({ key, from, to }: MemberRange): RedisCommand => {
          return ['ZRANGE', key, to, from, 'BYLEX', 'REV', 'LIMIT', 0, count];
        };
        return (await read(ranges.flat().map(command))) as string[][];
      }
      const members = await Promise.all(
        ranges.map((ofPartition) => {
          const keys = ofPartition.map(({ key }) => key);
          const [first] = ofPartition;
          const areEqual = ofPartition.every(({ from, to }) => from === first?.from && to === first.to);
          const bounds = areEqual ? ofPartition.slice(0, 1) : ofPartition;
          return models.newestMembers(keys, [
            count,
            placedMemberLength,
            ...bounds.flatMap(({ from, to }) => [to, from]),
          ]);
        }),
      );
      await checkAfter();
      return members as string[][];
    },
    async readRanges(partition, ranges, maxBytes, completeTo) {
      if (ranges.length === 0) return { texts: [], ended: 'all' };
      const words = ranges.flatMap(({ first, last }) => [first, last]);
      const reply = await models.readRanges(
        [...ranges.map(({ key }) => key), models.keys.checkpoint(id, partition)],
        [maxBytes, completeTo ?? 'missing', ...words],
      );
      await checkAfter();
      const [ended, ...texts] = reply as [RangesRead['ended'], ...string[]];
      return { texts, ended };
    },
  };
}
