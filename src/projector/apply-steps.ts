import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../read-models/keys.js';
import { ReadModelUnavailable } from '../read-models/read-model-unavailable.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import type { RedisCommand } from '../read-models/redis/redis-pipeline.js';
import { redisScript } from '../read-models/redis/redis-script.js';
import { projectorLimits as limits } from './limits.js';

/** What brings a generation from one checkpoint to the next, in one partition. */
export interface Step {
  readonly generation: GenerationId;
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly writes: readonly RedisCommand[];
}

/** Whether a step went in, the checkpoint that stood in its way, or why Redis did not take it. */
export type StepResult =
  | { readonly applied: true }
  | { readonly applied: false; readonly found: Checkpoint }
  | { readonly applied: false; readonly error: ReadModelUnavailable };

/** Applies a partition's steps, each by itself: what became of them, in the same order. Rejects with ReadModelUnavailable. */
export type ApplySteps = (partition: number, steps: readonly Step[]) => Promise<StepResult[]>;

/** A partition's steps that wait for a call. */
interface Waiting {
  readonly checkpoints: readonly string[];
  /** As apply-steps.lua takes them. */
  readonly words: readonly (string | number)[];
  readonly resolve: (applied: StepResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls of redis/apply-steps.lua. Small steps of several partitions go with one: a commit leads to a step in each partition that it touched, and a call
 * costs as much as what is in it. A call that has enough goes out at once, so that Redis works on it while the next partitions are folded; what is
 * left goes at the end of the turn of the event loop. A server in cluster mode takes the keys of one partition in a call.
 */
export function createApplySteps(redis: Redis, keys: ReadModelKeys): ApplySteps {
  const applySteps = redisScript(redis, 'apply-steps.lua');
  let fullCallWords: number = limits.fullCallWords;
  let waiting: Waiting[] = [];
  let waitingWords = 0;
  let endsTurn = false;

  function sendWaiting(): void {
    const call = waiting;
    waiting = [];
    waitingWords = 0;
    void send(call);
  }

  /** Never rejects: each partition hears of what became of its steps. */
  async function send(call: readonly Waiting[]): Promise<void> {
    const words: (string | number)[] = [keys.stepsChannel];
    for (const one of call) for (const word of one.words) words.push(word);
    try {
      const checkpoints = call.flatMap((one) => one.checkpoints);
      const results = (await applySteps(checkpoints, words)) as string[];
      let at = 0;
      for (const { checkpoints, resolve } of call) {
        resolve(results.slice(at, at + checkpoints.length).map(decodeResult));
        at += checkpoints.length;
      }
    } catch (error) {
      if (call.length > 1 && String(error).includes('CROSSSLOT')) {
        // In cluster mode, where nothing of the call was done: from here on one by one.
        fullCallWords = 0;
        for (const one of call) void send([one]);
        return;
      }
      for (const { reject } of call) reject(error);
    }
  }

  function endTurn(): void {
    endsTurn = false;
    if (waiting.length > 0) sendWaiting();
  }

  return (partition, steps) =>
    new Promise((resolve, reject) => {
      const checkpoints = steps.map(({ generation }) => keys.checkpoint(generation, partition));
      const words = encodeSteps(partition, steps);
      waiting.push({ checkpoints, words, resolve, reject });
      waitingWords += words.length;
      if (waitingWords >= fullCallWords) sendWaiting();
      else if (!endsTurn) {
        endsTurn = true;
        setImmediate(endTurn);
      }
    });
}

/** See redis/apply-steps.lua. */
function encodeSteps(partition: number, steps: readonly Step[]): (string | number)[] {
  const words: (string | number)[] = [];
  for (const { generation, from, to, writes } of steps) {
    const pieces = writes.some(isLong) ? writes.flatMap(splitLongWrite) : writes;
    const line = `${generation.name} ${generation.generation} ${partition} ${to.position}`;
    words.push(encodeCheckpoint(from), encodeCheckpoint(to), line, pieces.length);
    for (const piece of pieces) {
      words.push(piece.length);
      for (const word of piece) words.push(word);
    }
  }
  return words;
}

/** See redis/apply-steps.lua. */
function decodeResult(result: string): StepResult {
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
