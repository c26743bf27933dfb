import { setTimeout } from 'node:timers/promises';
import { primariesOf, type Redis } from './redis-client.js';

const pollIntervalMs = 100;

/**
 * Makes Redis rewrite its files, so that they no longer hold values that were removed: the
 * append-only file keeps every command since its last rewrite, and a snapshot keeps what was there
 * when it was made. In a cluster, all primaries do so.
 * @param timeoutMs how long each of the two may take
 * @returns a sentence for each file that may still hold such values
 */
export async function rewritePersistence(redis: Redis, timeoutMs: number): Promise<readonly string[]> {
  const primaries = primariesOf(redis);
  if (primaries.length === 0) return ['no node of the cluster is known, and none has rewritten its files'];
  const left = await Promise.all(primaries.map((server) => rewriteFiles(server, timeoutMs)));
  return [...new Set(left.flat())];
}

async function rewriteFiles(redis: Redis, timeoutMs: number): Promise<readonly string[]> {
  const left: string[] = [];
  let before: Persistence;
  try {
    before = await persistenceOf(redis);
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
  // Redis does not say whether it has a snapshot: one from before its last start counts nowhere.
  const problem = await rewrite(redis, timeoutMs, {
    command: 'BGSAVE',
    isRunning: (now) => now.rdb_bgsave_in_progress === '1',
    isDone: (now) => now.rdb_last_bgsave_status === 'ok',
  });
  if (problem !== undefined) left.push(`the snapshot of Redis was not rewritten: ${problem}`);
  return left;
}

type Persistence = Readonly<Record<string, string>>;

interface Rewrite {
  readonly command: 'BGREWRITEAOF' | 'BGSAVE';
  readonly isRunning: (now: Persistence) => boolean;
  readonly isDone: (now: Persistence) => boolean;
}

/** @returns why it did not succeed */
async function rewrite(
  redis: Redis,
  timeoutMs: number,
  { command, isRunning, isDone }: Rewrite,
): Promise<string | undefined> {
  const deadlineMs = performance.now() + timeoutMs;
  // A rewrite that began before the values were removed would keep them.
  while (isRunning(await persistenceOf(redis))) {
    if (performance.now() > deadlineMs) return 'an earlier one has not ended';
    await setTimeout(pollIntervalMs);
  }
  try {
    await redis.call(command);
  } catch (error) {
    return (error as Error).message;
  }
  for (;;) {
    const now = await persistenceOf(redis);
    if (!isRunning(now)) return isDone(now) ? undefined : 'Redis reports that it failed';
    if (performance.now() > deadlineMs) return `it took longer than ${timeoutMs / 1000} s`;
    await setTimeout(pollIntervalMs);
  }
}

/** The section "Persistence" of INFO. Empty if Redis has none. */
async function persistenceOf(redis: Redis): Promise<Persistence> {
  const text = await redis.info('persistence');
  return Object.fromEntries(
    text.split('\r\n').flatMap((line) => {
      const [name, value] = line.split(':');
      return name && value !== undefined ? [[name, value]] : [];
    }),
  );
}
