import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../read-models/keys.js';
import { pipeline, type Redis, type RedisCommand, redisScript } from '../read-models/redis.js';
import { projectorLimits as limits } from './limits.js';

/** Whether a step went in, or the checkpoint that stood in its way. */
export type Applied = { readonly applied: true } | { readonly applied: false; readonly found: Checkpoint };

/** The projector's side of the read models: checkpoints, and steps applied atomically with them. */
export interface ProjectionStore {
  read(commands: readonly RedisCommand[]): Promise<unknown[]>;
  checkpoints(generations: readonly GenerationId[], partition: number): Promise<Checkpoint[]>;
  apply(step: {
    readonly generation: GenerationId;
    readonly partition: number;
    readonly from: Checkpoint;
    readonly to: Checkpoint;
    readonly writes: readonly RedisCommand[];
  }): Promise<Applied>;
}

export function createProjectionStore(redis: Redis, keys: ReadModelKeys): ProjectionStore {
  const applyStep = redisScript(redis, 'apply-step.lua');

  return {
    read: (commands) => pipeline(redis, commands),

    async checkpoints(generations, partition) {
      const answers = await pipeline(
        redis,
        generations.map((generation) => ['GET', keys.checkpoint(generation, partition)]),
      );
      return answers.map((answer) => decodeCheckpoint(answer as string | null));
    },

    async apply({ generation, partition, from, to, writes }) {
      const words: (string | number)[] = [];
      for (const write of writes) {
        for (const piece of splitLongWrite(write)) {
          words.push(piece.length);
          for (const word of piece) words.push(word);
        }
      }
      const found = await applyStep(
        [keys.checkpoint(generation, partition)],
        [
          encodeCheckpoint(from),
          encodeCheckpoint(to),
          keys.appliedChannel,
          `${generation.name} ${generation.generation} ${partition} ${to.position}`,
          ...words,
        ],
      );
      return typeof found === 'string' ? { applied: false, found: decodeCheckpoint(found) } : { applied: true };
    },
  };
}

/** HSET, ZADD and RPUSH take any number of entries, the script's stack does not. All three take them in even numbers or one by one. */
function splitLongWrite(write: RedisCommand): RedisCommand[] {
  if (write.length <= limits.maxWordsPerWrite) return [write];
  const [command, key, ...args] = write;
  const pieces: RedisCommand[] = [];
  const size = limits.maxWordsPerWrite - 2;
  for (let at = 0; at < args.length; at += size) pieces.push([command, key, ...args.slice(at, at + size)]);
  return pieces;
}
