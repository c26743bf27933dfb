import type { Redis } from 'ioredis';
import type { Log } from './log.js';

/**
 * Every checkpoint in Redis names an event of the log by position and hash (docs/architecture.md,
 * "Keys in Redis"). Read models of another epoch of the log have keys of their own.
 */
export async function checkCheckpoints(
  redis: Redis,
  log: Log,
  count: (what: string, by: number) => void,
): Promise<string[]> {
  const checkpoints = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', '{orders:*}:*:checkpoint', 'COUNT', 1000);
    cursor = next;
    for (const key of keys) checkpoints.set(key, (await redis.get(key)) ?? '');
  } while (cursor !== '0');
  const found = compareCheckpoints(log, checkpoints);
  count('checkpoints', found.compared);
  return found.anomalies;
}

export function compareCheckpoints(
  log: Log,
  checkpoints: ReadonlyMap<string, string>,
): { anomalies: string[]; compared: number } {
  const hashes = new Map(
    log.events.map((event) => [`${event.partition}:${event.position}`, event.hash.toString('hex')]),
  );
  const anomalies: string[] = [];
  let compared = 0;
  const current = Math.max(...[...checkpoints.keys()].map((key) => epochOf(key, log)));
  for (const [key, checkpoint] of checkpoints) {
    const isCurrent = epochOf(key, log) === current;
    const [, partition = ''] = /:(\d+)\}:/.exec(key) ?? [];
    const [, position = '', hash = ''] = /^(\d+):([0-9a-f]{64})/.exec(checkpoint) ?? [];
    if (!isCurrent || current === 0 || position === '' || position === '0') continue;
    compared += 1;
    if (hashes.get(`${partition}:${position}`) !== hash)
      anomalies.push(`the checkpoint ${key} is ${checkpoint}, which is no event of the log.`);
  }
  return { anomalies, compared };
}

/** The epoch of the log that a key is of; 0 if it is of another log. */
function epochOf(key: string, log: Log): number {
  const [, logId, epoch] = /^\{orders:([0-9a-f]{8})(?:_(\d+)_[0-9a-f]{8})?:\d+\}:/.exec(key) ?? [];
  return logId === log.id.slice(0, 8) ? Number(epoch ?? 1) : 0;
}
