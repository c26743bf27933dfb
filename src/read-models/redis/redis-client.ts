import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, Redis } from 'ioredis';
import { projectPath } from '../../project-path.js';
import { ReadModelUnavailable } from '../read-model-unavailable.js';

/** Every wait on Redis is bounded by one of these. */
const redisLimits = {
  connectTimeoutMs: 2_000,
  commandTimeoutMs: 5_000,
  /** A command that meets a lost connection is sent once more after a reconnect, then fails. */
  maxRetriesPerRequest: 1,
  maxReconnectDelayMs: 1_000,
} as const;

export type { Redis };

/** A connection to the server of a redis:// or rediss:// URL. It reconnects for ever; `onError` hears of each failure. */
export function createRedis(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectTimeout: redisLimits.connectTimeoutMs,
    commandTimeout: redisLimits.commandTimeoutMs,
    maxRetriesPerRequest: redisLimits.maxRetriesPerRequest,
    retryStrategy: (attempt) => Math.min(attempt * 100, redisLimits.maxReconnectDelayMs),
    lazyConnect: false,
  });
  redis.on('error', onError);
  return redis;
}

/** A connection for subscribing: it has no commands to time out, and subscribes again by itself after a reconnect. */
export function createRedisSubscriber(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectTimeout: redisLimits.connectTimeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(attempt * 100, redisLimits.maxReconnectDelayMs),
  });
  redis.on('error', onError);
  return redis;
}

/** One Redis command: its name, then its arguments. */
export type RedisCommand = readonly [name: string, key: string, ...args: (string | number)[]];

/** Sends commands in one round trip and gives their answers in order. Rejects with ReadModelUnavailable. */
export function pipeline(redis: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
  return commands.length === 0 ? Promise.resolve([]) : sendTogether(redis, commands);
}

/**
 * The same, and `last` after them, whose answer is the last one. Callers that give the very same `last` in one turn of the event loop
 * share it: it is sent once, after the commands of all of them.
 */
export function pipelineThen(redis: Redis, commands: readonly RedisCommand[], last: RedisCommand): Promise<unknown[]> {
  return sendTogether(redis, commands, last);
}

interface Waiting {
  readonly commands: readonly RedisCommand[];
  readonly last: RedisCommand | undefined;
  readonly resolve: (answers: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

const waiting = new WeakMap<Redis, Waiting[]>();

/**
 * What is sent in one turn of the event loop goes out in one write: under load a write to a socket costs more than the
 * commands in it. Each caller's commands stay together and in order; when there is only one, it waits for nothing.
 */
function sendTogether(redis: Redis, commands: readonly RedisCommand[], last?: RedisCommand): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const others = waiting.get(redis);
    if (others) {
      others.push({ commands, last, resolve, reject });
      return;
    }
    waiting.set(redis, [{ commands, last, resolve, reject }]);
    setImmediate(() => {
      const all = waiting.get(redis) ?? [];
      waiting.delete(redis);
      void sendAll(redis, all);
    });
  });
}

async function sendAll(redis: Redis, all: readonly Waiting[]): Promise<void> {
  let answers: [error: Error | null, answer: unknown][];
  /** Where among the answers each one's is. */
  const lasts = new Map<RedisCommand, number>();
  try {
    const words: unknown[][] = [];
    const send = ([name, ...args]: RedisCommand) => words.push([name.toLowerCase(), ...args]) - 1;
    for (const { commands } of all) for (const command of commands) send(command);
    for (const { last } of all) if (last && !lasts.has(last)) lasts.set(last, send(last));
    answers = (await redis.pipeline(words).exec()) ?? [];
  } catch (error) {
    for (const { reject } of all) reject(new ReadModelUnavailable(error));
    return;
  }
  let at = 0;
  for (const { commands, last, resolve, reject } of all) {
    const own: unknown[] = [];
    let failed: Error | null = null;
    const take = (place: number) => {
      const [error, answer] = answers[place] ?? [null, undefined];
      failed ??= error;
      own.push(answer);
    };
    for (const end = at + commands.length; at < end; at += 1) take(at);
    if (last) take(lasts.get(last) ?? -1);
    if (failed) reject(new ReadModelUnavailable(failed));
    else resolve(own);
  }
}

/** Not with what else is sent in this turn of the event loop, but at once. Rejects with ReadModelUnavailable. */
async function sendNow(redis: Redis, name: string, args: string[]): Promise<unknown> {
  const command = new Command(name, [], { replyEncoding: 'utf8' });
  // Not given to the constructor, which would look through thousands of them for lists.
  command.args = args;
  try {
    return await redis.sendCommand(command);
  } catch (error) {
    throw new ReadModelUnavailable(error);
  }
}

/**
 * Runs a script of redis/ atomically; in cluster mode Redis takes only keys of one partition in a call. It is sent at once. Rejects with ReadModelUnavailable.
 */
export type RedisScript = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** A script of redis/ on this connection. It goes by its hash; the text is sent only to a server that lacks it. */
export function redisScript(redis: Redis, file: string): RedisScript {
  const lua = readFileSync(projectPath('redis', file), 'utf8');
  const sha1 = createHash('sha1').update(lua).digest('hex');
  const run = (command: 'eval' | 'evalsha', script: string, ...[keys, args]: Parameters<RedisScript>) => {
    const words = [script, String(keys.length), ...keys];
    for (const arg of args) words.push(typeof arg === 'string' ? arg : String(arg));
    return sendNow(redis, command, words);
  };
  return (keys, args) =>
    run('evalsha', sha1, keys, args).catch((error: unknown) => {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return run('eval', lua, keys, args);
    });
}
