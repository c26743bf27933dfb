import { count, type FromSchema, list, object, text, time } from '../json-schema.js';
import type { ReadModelKeys } from './keys.js';
import type { Redis } from './redis/redis-client.js';
import { pipeline } from './redis/redis-pipeline.js';

/** Builds of one projection that are kept after their end, at most. */
export const maxEndedBuilds = 50;

/** A build that became live or was cancelled. */
export const endedBuildSchema = object({
  generation: count,
  version: { ...count, description: 'The version of the projection’s code that built the generation.' },
  requested_by: text,
  requested_at: time,
  ended_at: { ...time, description: 'When the generation became live, or the rebuild was cancelled.' },
  duration_seconds: { type: 'number', minimum: 0, description: 'From the request to the end.' },
  result: {
    enum: ['live', 'cancelled'],
    description: 'live: queries were served from it from then on. cancelled: an operator cancelled the rebuild.',
  },
});

export const endedBuildsSchema = object({ rebuilds: list(endedBuildSchema) });

export type EndedBuild = FromSchema<typeof endedBuildSchema>;

/** An entry of the list, as flip-generation.lua and discard-generation.lua write it. */
interface Entry extends Pick<EndedBuild, 'generation' | 'version' | 'result'> {
  readonly requested_by?: string;
  readonly requested_at?: string;
  /** By the clock of Redis. */
  readonly ended_ms: number;
}

/**
 * Reads the builds of a projection that have ended, newest first. A Redis that lost its data has
 * lost them too. Rejects with ReadModelUnavailable.
 */
export async function readEndedBuilds(redis: Redis, keys: ReadModelKeys, projection: string): Promise<EndedBuild[]> {
  const [texts] = await pipeline(redis, [['LRANGE', keys.endedBuilds(projection), 0, maxEndedBuilds - 1]]);
  return (texts as string[]).map((one) => endedBuild(JSON.parse(one) as Entry));
}

function endedBuild({ generation, version, result, ended_ms: endedMs, ...request }: Entry): EndedBuild {
  const ended_at = new Date(endedMs).toISOString();
  const { requested_by = 'unknown', requested_at = ended_at } = request;
  const duration_seconds = Math.max(0, endedMs - Date.parse(requested_at)) / 1_000;
  return { generation, version, requested_by, requested_at, ended_at, duration_seconds, result };
}
