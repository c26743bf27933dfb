import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../read-models/keys.js';
import { pipeline, ReadModelUnavailable, type Redis, type RedisCommand, redisScript } from '../read-models/redis.js';
import { projectorLimits as limits } from './limits.js';

/** What brings a generation from one checkpoint to the next, in one partition. */
export interface Step {
  readonly generation: GenerationId;
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly writes: readonly RedisCommand[];
}

/** Whether a step went in, the checkpoint that stood in its way, or why Redis did not take it. */
export type Applied =
  | { readonly applied: true }
  | { readonly applied: false; readonly found: Checkpoint }
  | { readonly applied: false; readonly error: ReadModelUnavailable };

/** The projector's side of the read models: checkpoints, and steps applied atomically with them. Rejects with ReadModelUnavailable. */
export interface ProjectionStore {
  read(commands: readonly RedisCommand[]): Promise<unknown[]>;
  checkpoints(generations: readonly GenerationId[], partition: number): Promise<Checkpoint[]>;
  /** Applies a partition's steps in one call, each by itself: what became of them, in the same order. */
  apply(partition: number, steps: readonly Step[]): Promise<Applied[]>;
}

export function createProjectionStore(redis: Redis, keys: ReadModelKeys): ProjectionStore {
  const applySteps = redisScript(redis, 'apply-steps.lua');

  return {
    read: (commands) => pipeline(redis, commands),

    async checkpoints(generations, partition) {
      const answers = await pipeline(
        redis,
        generations.map((generation) => ['GET', keys.checkpoint(generation, partition)]),
      );
      return answers.map((answer) => decodeCheckpoint(answer as string | null));
    },

    async apply(partition, steps) {
      const checkpoints = steps.map(({ generation }) => keys.checkpoint(generation, partition));
      const words: (string | number)[] = [keys.stepsChannel];
      for (const { generation, from, to, writes } of steps) {
        const pieces = writes.some(isLong) ? writes.flatMap(splitLongWrite) : writes;
        const line = `${generation.name} ${generation.generation} ${partition} ${to.position}`;
        words.push(encodeCheckpoint(from), encodeCheckpoint(to), line, pieces.length);
        for (const piece of pieces) {
          words.push(piece.length);
          for (const word of piece) words.push(word);
        }
      }
      const results = (await applySteps(checkpoints, words)) as string[];
      return results.map(decodeResult);
    },
  };
}

/** See redis/apply-steps.lua. */
function decodeResult(result: string): Applied {
  const rest = result.slice(1);
  if (result.startsWith('+')) return { applied: true };
  if (result.startsWith('=')) return { applied: false, found: decodeCheckpoint(rest) };
  return { applied: false, error: new ReadModelUnavailable(rest) };
}

function isLong(write: RedisCommand): boolean {
  return write.length > limits.maxWordsPerWrite;
}

/** HSET, ZADD, ZREM and RPUSH take any number of entries, the script's stack does not. All take them in even numbers or one by one. */
function splitLongWrite(write: RedisCommand): RedisCommand[] {
  if (!isLong(write)) return [write];
  const [command, key, ...args] = write;
  const pieces: RedisCommand[] = [];
  const size = limits.maxWordsPerWrite - 2;
  for (let at = 0; at < args.length; at += size) pieces.push([command, key, ...args.slice(at, at + size)]);
  return pieces;
}
