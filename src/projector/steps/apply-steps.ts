import { Cluster } from 'ioredis';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { redisScript } from '../../read-models/redis/redis-script.js';
import { projectorLimits as limits } from '../limits.js';

/**
 * One batch of events, folded: brings a generation from one checkpoint to the next in one
 * partition.
 */
export interface Step {
  readonly generation: GenerationId;
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly writes: readonly RedisCommand[];
}

/**
 * The result of a step. It was applied, or rejected because another checkpoint was found, or Redis
 * refused one of its writes.
 */
export type StepResult =
  | { readonly applied: true }
  | { readonly applied: false; readonly found: Checkpoint }
  | { readonly applied: false; readonly error: ReadModelUnavailable };

/**
 * Applies the steps of one partition, each independently of the others. Resolves with their results
 * in the same order. Rejects with ReadModelUnavailable.
 */
export type ApplySteps = (partition: number, steps: readonly Step[]) => Promise<StepResult[]>;

/** The steps of one partition that wait to be sent. */
interface WaitingSteps {
  /** Key of each step's checkpoint. */
  readonly checkpoints: readonly string[];
  /** Keys that their writes change: in cluster mode Redis has to know them. */
  readonly written: readonly string[];
  /** The arguments of apply-steps.lua for these steps. */
  readonly words: readonly (string | number)[];
  readonly resolve: (results: StepResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls redis/apply-steps.lua. One call carries the small steps of several partitions: a commit
 * leads to a step in each partition that it touched, and the call itself costs as much as those
 * steps.
 *
 * A full call is sent at once, so that Redis works on it while the next partitions are folded. The
 * other steps are sent at the end of the turn of the event loop. In cluster mode Redis accepts only
 * the keys of one partition per call. If it is reached as a single server, the first error that
 * says so ends the sharing.
 */
export function createApplySteps(redis: Redis, keys: ReadModelKeys): ApplySteps {
  const applySteps = redisScript(redis, 'apply-steps.lua');
  const isCluster = redis instanceof Cluster;
  let fullCallWords: number = isCluster ? 0 : limits.fullCallWords;
  let waiting: WaitingSteps[] = [];
  let waitingWords = 0;
  let waitingLength = 0;
  let flushIsScheduled = false;

  function sendWaiting(): void {
    const call = waiting;
    waiting = [];
    waitingWords = 0;
    waitingLength = 0;
    void send(call);
  }

  /** Never rejects: each partition gets its own results or error. */
  async function send(call: readonly WaitingSteps[]): Promise<void> {
    const checkpoints = call.flatMap((one) => one.checkpoints);
    const words: (string | number)[] = [keys.stepsChannel, checkpoints.length];
    for (const one of call) for (const word of one.words) words.push(word);
    try {
      const written = call.flatMap((one) => one.written);
      const results = (await applySteps([...checkpoints, ...written], words)) as string[];
      let at = 0;
      for (const { checkpoints, resolve } of call) {
        resolve(results.slice(at, at + checkpoints.length).map(decodeResult));
        at += checkpoints.length;
      }
    } catch (error) {
      if (call.length > 1 && String(error).includes('CROSSSLOT')) {
        // Redis in cluster mode has done nothing. From here on each partition gets a call of its
        // own.
        fullCallWords = 0;
        for (const one of call) void send([one]);
        return;
      }
      for (const { reject } of call) reject(error);
    }
  }

  function flush(): void {
    flushIsScheduled = false;
    if (waiting.length > 0) sendWaiting();
  }

  return (partition, steps) =>
    new Promise((resolve, reject) => {
      const checkpoints = steps.map(({ generation }) => keys.checkpoint(generation, partition));
      const words = encodeSteps(partition, steps);
      const written = isCluster ? writtenKeys(steps) : [];
      waiting.push({ checkpoints, written, words, resolve, reject });
      waitingWords += words.length;
      waitingLength += lengthOf(words);
      if (waitingWords >= fullCallWords || waitingLength >= limits.fullCallLength) sendWaiting();
      else if (!flushIsScheduled) {
        flushIsScheduled = true;
        setImmediate(flush);
      }
    });
}

/** The arguments of redis/apply-steps.lua for these steps. */
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

function writtenKeys(steps: readonly Step[]): string[] {
  return [...new Set(steps.flatMap(({ writes }) => writes.map(([, key]) => key)))];
}

function lengthOf(words: readonly (string | number)[]): number {
  let length = 0;
  for (const word of words) if (typeof word === 'string') length += word.length;
  return length;
}

/** Decodes one element of the reply of redis/apply-steps.lua. */
function decodeResult(result: string): StepResult {
  const rest = result.slice(1);
  if (result.startsWith('+')) return { applied: true };
  if (result.startsWith('=')) return { applied: false, found: decodeCheckpoint(rest) };
  return { applied: false, error: new ReadModelUnavailable(rest) };
}

function isLong(write: RedisCommand): boolean {
  return write.length > limits.maxWordsPerWrite;
}

/**
 * Splits a write that has more words than the script's stack takes. Only HSET, ZADD, ZREM and RPUSH
 * get that long. Their entries have one or two words, so pieces with an even number of words fit
 * all.
 */
function splitLongWrite(write: RedisCommand): RedisCommand[] {
  if (!isLong(write)) return [write];
  const [command, key, ...args] = write;
  const pieces: RedisCommand[] = [];
  const size = limits.maxWordsPerWrite - 2;
  for (let at = 0; at < args.length; at += size) pieces.push([command, key, ...args.slice(at, at + size)]);
  return pieces;
}
