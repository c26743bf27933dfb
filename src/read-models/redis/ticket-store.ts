import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { Redis } from './redis-client.js';

/** Keeps the tickets of streams in Redis, where every process finds them. */
export function createTicketStore(redis: Redis, prefix: string) {
  return {
    async put(name: string, text: string, ttlMs: number): Promise<void> {
      await available(redis.set(prefix + name, text, 'PX', ttlMs));
    },
    /** Reads and deletes in one step, so that two processes never take the same ticket. */
    async take(name: string): Promise<string | undefined> {
      return (await available(redis.getdel(prefix + name))) ?? undefined;
    },
  };
}

async function available<Result>(request: Promise<Result>): Promise<Result> {
  try {
    return await request;
  } catch (error) {
    throw new ReadModelUnavailable(error);
  }
}
