import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command } from 'ioredis';
import { projectPath } from '../../project-path.js';
import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { EncodedWords } from './encoded-words.js';
import type { Redis } from './redis-client.js';
import { untilReady } from './until-ready.js';

/**
 * Sends a command at once, without the batching of `pipeline`. Rejects with ReadModelUnavailable.
 */
async function sendNow(redis: Redis, command: Command): Promise<unknown> {
  try {
    const ready = untilReady(redis);
    // Without a wait, scripts are sent in the order of their calls, in the same turn.
    if (ready !== undefined) await ready;
    return await redis.sendCommand(command);
  } catch (error) {
    throw new ReadModelUnavailable(error);
  }
}

/** A command whose last words are encoded already. */
class ScriptCall extends Command {
  readonly #encoded: readonly EncodedWords[];

  constructor(name: string, words: string[], encoded: readonly EncodedWords[] = []) {
    super(name, [], { replyEncoding: 'utf8' });
    // The constructor would search thousands of arguments for lists, so they are set afterwards.
    this.args = words;
    this.#encoded = encoded;
  }

  override toWritable(socket: object): string | Buffer {
    const text = super.toWritable(socket);
    if (this.#encoded.length === 0) return text;
    const words = this.#encoded.reduce((sum, { count }) => sum + count, 1 + this.args.length);
    // The text begins with the number of words.
    const start = Buffer.from(String(text).replace(/^\*\d+/, `*${words}`));
    return Buffer.concat([start, ...this.#encoded.map(({ bytes }) => bytes)]);
  }
}

/**
 * Runs a script of redis/ atomically. The call is sent at once. In cluster mode Redis accepts only
 * keys of one partition per call. Rejects with ReadModelUnavailable.
 */
export type RedisScript = (
  keys: readonly string[],
  args: readonly (string | number)[],
  /** More arguments, which come last. */
  encoded?: readonly EncodedWords[],
) => Promise<unknown>;

/**
 * Prepares a script of redis/ for a connection. Calls name the script by its hash. Its text is sent
 * only to a server that does not know it.
 */
export function redisScript(redis: Redis, file: string): RedisScript {
  const lua = readFileSync(projectPath('redis', file), 'utf8');
  const sha1 = createHash('sha1').update(lua).digest('hex');
  const run = (command: 'eval' | 'evalsha', script: string, ...[keys, args, encoded]: Parameters<RedisScript>) => {
    const words = [script, String(keys.length), ...keys];
    for (const arg of args) words.push(typeof arg === 'string' ? arg : String(arg));
    return sendNow(redis, new ScriptCall(command, words, encoded));
  };
  return (keys, args, encoded) =>
    run('evalsha', sha1, keys, args, encoded).catch((error: unknown) => {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return run('eval', lua, keys, args, encoded);
    });
}
