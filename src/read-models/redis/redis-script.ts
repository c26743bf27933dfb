import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command } from 'ioredis';
import { projectPath } from '../../project-path.js';
import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { Redis } from './redis-client.js';

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
