import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { Redis } from './redis-client.js';
import { untilReady } from './until-ready.js';

/** Keeps the tickets of streams in Redis, where every process finds them. */
export function createTicketStore(redis: Redis, prefix: string) {
  return {
    async put(name: string, text: string, ttlMs: number): Promise<void> {
      await available(redis, () => redis.set(prefix + name, text, 'PX', ttlMs));
    },
    /** Reads and deletes in one step, so that two processes never take the same ticket. */
    async take(name: string): Promise<string | undefined> {
      return (await available(redis, () => redis.getdel(prefix + name))) ?? undefined;
    },
  };
}

async function available<Result>(redis: Redis, request: () => Promise<Result>): Promise<Result> {
  try {
    await untilReady(redis);
    return await request();
  } catch (error) {
    throw new ReadModelUnavailable(error);
  }
}
