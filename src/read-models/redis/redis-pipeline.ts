import { Cluster } from 'ioredis';
import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { Redis } from './redis-client.js';
import { type Reply, sendToCluster } from './redis-cluster.js';
import type { RedisCommand } from './redis-command.js';
import { untilReady } from './until-ready.js';

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
  const commands = all.flatMap((one) => one.commands);
  const lasts = [...new Set(all.flatMap(({ last }) => (last ? [last] : [])))];
  let replies: readonly Reply[];
  try {
    const ready = untilReady(redis);
    if (ready !== undefined) await ready;
    replies = await send(redis, commands, lasts);
  } catch (error) {
    for (const { reject } of all) reject(new ReadModelUnavailable(error));
    return;
  }
  let at = 0;
  for (const { commands: own, last, resolve, reject } of all) {
    const values: unknown[] = [];
    let failed: Error | null = null;
    const take = (index: number) => {
      const [error, reply] = replies[index] ?? [null, undefined];
      failed ??= error;
      values.push(reply);
    };
    for (const end = at + own.length; at < end; at += 1) take(at);
    if (last) take(commands.length + lasts.indexOf(last));
    if (failed) reject(new ReadModelUnavailable(failed));
    else resolve(values);
  }
}

/**
 * Resolves with the replies to `commands`, then those to `lasts`, which Redis executes after them.
 */
async function send(
  redis: Redis,
  commands: readonly RedisCommand[],
  lasts: readonly RedisCommand[],
): Promise<readonly Reply[]> {
  if (redis instanceof Cluster) {
    // The nodes of a cluster work at the same time: the last commands wait for the others.
    const replies = await sendToCluster(redis, commands);
    return lasts.length === 0 ? replies : [...replies, ...(await sendToCluster(redis, lasts))];
  }
  const words = [...commands, ...lasts].map(([name, ...args]) => [name.toLowerCase(), ...args]);
  return (await redis.pipeline(words).exec()) ?? [];
}
