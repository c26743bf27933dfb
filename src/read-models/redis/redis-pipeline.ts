import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { Redis } from './redis-client.js';

/** One Redis command: its name, then its arguments. */
export type RedisCommand = readonly [name: string, key: string, ...args: (string | number)[]];

/**
 * Sends commands in one round trip. Resolves with their replies in order. Rejects with
 * ReadModelUnavailable if one of them fails.
 */
export function pipeline(redis: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
  return commands.length === 0 ? Promise.resolve([]) : sendTogether(redis, commands);
}

/**
 * Sends commands and `last` after them; the reply to `last` is the last one. Callers that pass the
 * same `last` object in one turn of the event loop share it: it is sent once, after the commands of
 * all callers.
 */
export function pipelineThen(redis: Redis, commands: readonly RedisCommand[], last: RedisCommand): Promise<unknown[]> {
  return sendTogether(redis, commands, last);
}

/** The commands of one caller that wait for the end of the turn. */
interface Waiting {
  readonly commands: readonly RedisCommand[];
  readonly last: RedisCommand | undefined;
  readonly resolve: (replies: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

const waiting = new WeakMap<Redis, Waiting[]>();

/**
 * Sends the commands of all callers of one turn of the event loop in one write to the socket: under
 * load the write costs more than the commands in it. The commands of one caller stay together and
 * in order. The delay is the rest of the turn.
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
  let replies: [error: Error | null, reply: unknown][];
  /** The index of the reply to each shared last command. */
  const lasts = new Map<RedisCommand, number>();
  try {
    const words: unknown[][] = [];
    const send = ([name, ...args]: RedisCommand) => words.push([name.toLowerCase(), ...args]) - 1;
    for (const { commands } of all) for (const command of commands) send(command);
    for (const { last } of all) if (last && !lasts.has(last)) lasts.set(last, send(last));
    replies = (await redis.pipeline(words).exec()) ?? [];
  } catch (error) {
    for (const { reject } of all) reject(new ReadModelUnavailable(error));
    return;
  }
  let at = 0;
  for (const { commands, last, resolve, reject } of all) {
    const own: unknown[] = [];
    let failed: Error | null = null;
    const take = (index: number) => {
      const [error, reply] = replies[index] ?? [null, undefined];
      failed ??= error;
      own.push(reply);
    };
    for (const end = at + commands.length; at < end; at += 1) take(at);
    if (last) take(lasts.get(last) ?? -1);
    if (failed) reject(new ReadModelUnavailable(failed));
    else resolve(own);
  }
}
