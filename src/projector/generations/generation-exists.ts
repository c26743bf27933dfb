import { decodeGenerations } from '../../read-models/generations.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';

/**
 * Tells whether a generation is live or being built. Redis may have lost it, together with all of
 * its data. Rejects with ReadModelUnavailable.
 */
export type GenerationExists = (id: GenerationId) => Promise<boolean>;

export function createGenerationExists(redis: Redis, keys: ReadModelKeys): GenerationExists {
  return async ({ name, generation }) => {
    const [fields] = await pipeline(redis, [['HGETALL', keys.generations(name)]]);
    const { live, next } = decodeGenerations(fields as Record<string, string>);
    return [...live.values(), ...[...next.values()].map((build) => build.generation)].includes(generation);
  };
}
