import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { Redis } from './redis-client.js';

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
