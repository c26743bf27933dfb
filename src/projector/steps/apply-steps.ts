import { Cluster } from 'ioredis';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import { type EncodedWords, encodeWords } from '../../read-models/redis/encoded-words.js';
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
  readonly encoded: EncodedWords;
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
  let waitingBytes = 0;
  let flushIsScheduled = false;

  function sendWaiting(): void {
    const call = waiting;
    waiting = [];
    waitingWords = 0;
    waitingBytes = 0;
    void send(call);
  }

  /** Never rejects: each partition gets its own results or error. */
  async function send(call: readonly WaitingSteps[]): Promise<void> {
    const checkpoints = call.flatMap((one) => one.checkpoints);
    try {
      const results = (await applySteps(
        [...checkpoints, ...call.flatMap(({ written }) => written)],
        [keys.stepsChannel, checkpoints.length],
        call.map(({ encoded }) => encoded),
      )) as string[];
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
      const encoded = encodeWords(wordsOf(partition, steps));
      const written = isCluster ? writtenKeys(steps) : [];
      waiting.push({ checkpoints, written, encoded, resolve, reject });
      waitingWords += encoded.count;
      waitingBytes += encoded.bytes.length;
      if (waitingWords >= fullCallWords || waitingBytes >= limits.fullCallBytes) sendWaiting();
      else if (!flushIsScheduled) {
        flushIsScheduled = true;
        setImmediate(flush);
      }
    });
}

/** The arguments of redis/apply-steps.lua for these steps. */
function wordsOf(partition: number, steps: readonly Step[]): (string | number)[] {
  const words: (string | number)[] = [];
  for (const { generation, from, to, writes } of steps) {
    const line = `${generation.name} ${generation.generation} ${partition} ${to.position}`;
    words.push(encodeCheckpoint(from), encodeCheckpoint(to), line, 0);
    const start = words.length;
    addRuns(words, writes.some(isLong) ? writes.flatMap(splitLongWrite) : writes);
    words[start - 1] = words.length - start;
  }
  return words;
}

/**
 * Adds writes in runs. Most writes of a step are of one command with one field or member, and only
 * their keys and values differ.
 */
function addRuns(words: (string | number)[], writes: readonly RedisCommand[]): void {
  let last: RedisCommand | undefined;
  /** The index of the number of writes of the run. */
  let count = 0;
  for (const write of writes) {
    if (last && last[0] === write[0] && last.length === write.length) {
      words[count] = Number(words[count]) + 1;
    } else {
      words.push(write[0], 1, write.length - 1);
      count = words.length - 2;
      last = write;
    }
    for (let at = 1; at < write.length; at += 1) words.push(write[at] ?? '');
  }
}

function writtenKeys(steps: readonly Step[]): string[] {
  return [...new Set(steps.flatMap(({ writes }) => writes.map(([, key]) => key)))];
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
