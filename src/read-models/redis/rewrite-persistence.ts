import { setTimeout } from 'node:timers/promises';
import { primariesOf, type Redis } from './redis-client.js';
import { redisRefusal } from './redis-error.js';

const pollIntervalMs = 100;
/** Milliseconds in which a server that restarts or fails over has to respond again. */
const unansweredMs = 30_000;
/** How often everything is done, at most, if servers restart meanwhile. */
const maxTries = 3;

export interface RewriteOptions {
  /**
   * Removes the values from Redis. It runs again if a server restarted or failed over: the server
   * may have come back with older data.
   */
  readonly removeValues: () => Promise<void>;
  /** How long each of the two files may take. */
  readonly timeoutMs: number;
}

/**
 * Removes values from Redis, and makes it rewrite its files, so that they no longer hold the
 * values: the append-only file keeps every command since its last rewrite, and a snapshot keeps
 * what was there when it was made. In a cluster, all primaries do so. Everything is repeated if a
 * server restarted meanwhile: its rewrite has ended unfinished, and a restarted server reports that
 * its last rewrite succeeded although there was none.
 * @returns a sentence for each file that may still hold such values
 */
export async function rewritePersistence(
  redis: Redis,
  { removeValues, timeoutMs }: RewriteOptions,
): Promise<readonly string[]> {
  for (let nth = 0; nth < maxTries; nth += 1) {
    const before = await runIdsOf(redis);
    await removeValues();
    const left = await rewriteAll(redis, timeoutMs);
    if ((await runIdsOf(redis)) === before) return left;
  }
  return [`Redis restarted or failed over in each of ${maxTries} tries, and may have files from before`];
}

/** Identifies the servers as they run now. Empty if they do not tell. */
async function runIdsOf(redis: Redis): Promise<string> {
  try {
    const all = await Promise.all(primariesOf(redis).map(infoOf));
    return all
      .map((info) => info.run_id ?? '')
      .sort()
      .join();
  } catch {
    return '';
  }
}

async function rewriteAll(redis: Redis, timeoutMs: number): Promise<readonly string[]> {
  const primaries = primariesOf(redis);
  if (primaries.length === 0) return ['no node of the cluster is known, and none has rewritten its files'];
  const left = await Promise.all(primaries.map((server) => rewriteFiles(server, timeoutMs)));
  return [...new Set(left.flat())];
}

async function rewriteFiles(redis: Redis, timeoutMs: number): Promise<readonly string[]> {
  const left: string[] = [];
  let before: Info;
  try {
    before = await infoOf(redis);
  } catch (error) {
    return [`Redis does not say which files it has: ${(error as Error).message}`];
  }
  if (before.aof_enabled === '1') {
    const unwritten = await rewrite(redis, timeoutMs, {
      command: 'BGREWRITEAOF',
      isRunning: (now) => now.aof_rewrite_in_progress === '1' || now.aof_rewrite_scheduled === '1',
      isDone: (now) => now.aof_last_bgrewrite_status === 'ok',
    });
    if (unwritten !== undefined) left.push(`the append-only file of Redis was not rewritten: ${unwritten}`);
  }
  // INFO does not show whether there is a snapshot from before the last start, so one is always
  // made.
  const problem = await rewrite(redis, timeoutMs, {
    command: 'BGSAVE',
    isRunning: (now) => now.rdb_bgsave_in_progress === '1',
    isDone: (now) => now.rdb_last_bgsave_status === 'ok',
  });
  if (problem !== undefined) left.push(`the snapshot of Redis was not rewritten: ${problem}`);
  return left;
}

type Info = Readonly<Record<string, string>>;

interface Rewrite {
  readonly command: 'BGREWRITEAOF' | 'BGSAVE';
  readonly isRunning: (now: Info) => boolean;
  readonly isDone: (now: Info) => boolean;
}

/** @returns why it did not succeed */
async function rewrite(
  redis: Redis,
  timeoutMs: number,
  { command, isRunning, isDone }: Rewrite,
): Promise<string | undefined> {
  const deadlineMs = performance.now() + timeoutMs;
  try {
    // A rewrite that began before the values were removed would keep them.
    while (isRunning(await infoOf(redis))) {
      if (performance.now() > deadlineMs) return 'an earlier one has not ended';
      await setTimeout(pollIntervalMs);
    }
    await redis.call(command);
    for (;;) {
      const now = await infoOf(redis);
      if (!isRunning(now)) return isDone(now) ? undefined : 'Redis reports that it failed';
      if (performance.now() > deadlineMs) return `it took longer than ${timeoutMs / 1000} s`;
      await setTimeout(pollIntervalMs);
    }
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The fields of INFO. Waits for a server that is down or loads its data; rejects if it stays down,
 * or refuses the command.
 */
async function infoOf(redis: Redis): Promise<Info> {
  const deadlineMs = performance.now() + unansweredMs;
  for (;;) {
    try {
      return fieldsOf(await redis.info());
    } catch (error) {
      if (isRefused(error) || performance.now() > deadlineMs) throw error;
      await setTimeout(pollIntervalMs);
    }
  }
}

/** Whether the server has replied with an error that does not pass by itself. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && redisRefusal(error.message)?.remedy !== '';
}

function fieldsOf(info: string): Info {
  return Object.fromEntries(
    info.split('\r\n').flatMap((line) => {
      const [name, value] = line.split(':');
      return name && value !== undefined ? [[name, value]] : [];
    }),
  );
}
