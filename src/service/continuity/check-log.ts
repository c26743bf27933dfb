import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import { withTimeout } from '../../with-timeout.js';
import type { Connections } from '../connect.js';
import { knownByDataDir, knownByReadModels, type LastKnown, noteEpoch } from './known-log.js';

/** Milliseconds that a start waits for Redis to say what it knows of the log. */
const redisTimeoutMs = 3_000;
/** Milliseconds until Redis is asked again. */
const retryMs = 1_000;

/** The log ends before what Redis or the data folder last knew. The message says what to do. */
export class LostLog extends Error {
  override readonly name = 'LostLog';
}

/**
 * Compares the log with what Redis and the data folder last knew of it, before the service serves.
 * Rejects with LostLog if the log went back: the service must not start then. If Redis does not
 * respond, it is asked until it does; the process then stops serving if the log went back.
 */
export async function checkLog(
  { settings, redis, keys }: Pick<Connections, 'settings' | 'redis' | 'keys'>,
  continuity: LogContinuity,
  dataDir: string,
  log: Logger,
  isClosed: () => boolean,
): Promise<void> {
  const { epochs, partitions } = settings;
  // What is known has to be read before the heads: other processes append meanwhile.
  const learn = (known: LastKnown | undefined, source: string) => {
    if (!known) return;
    if (!epochs.has(known.epoch)) {
      // An epoch that started later replaces what was known before it.
      if (known.at !== undefined && known.at < (epochs.further.at(-1)?.startedAt ?? '')) return;
      throw new LostLog(
        `${source} knows epoch ${known.epoch} of the log, but the log is in epoch ${epochs.current}. ${remedy}`,
      );
    }
    // Checkpoints of Redis belong to the epoch of their keys, those of a file to its own epoch.
    for (const event of known.events) {
      const { partition, position } = event;
      if (!epochs.isLost({ partition, position, epoch: known.epoch })) continueWith(event);
    }
  };
  const continueWith = (event: LastKnown['events'][number]) => continuity.advance(event);
  const learnFromRedis = async () => {
    const known = await knownByReadModels(redis, keys, epochs.current, partitions);
    learn(known && { ...known, events: [] }, 'Redis');
    for (const event of known?.events ?? []) continueWith(event);
    await noteEpoch(redis, keys, epochs.current);
  };
  learn(await knownByDataDir(dataDir, settings), `the data folder ${dataDir}`);
  try {
    await withTimeout(redisTimeoutMs, learnFromRedis());
  } catch (error) {
    if (error instanceof LostLog) throw error;
    log.debug({ err: error }, 'Redis did not say what it knows of the log; it is asked again');
    void retry(learnFromRedis, continuity, log, isClosed);
  }
  await continuity.start();
  if (continuity.refusal) throw new LostLog(`${continuity.refusal.message} ${remedy}`);
}

const remedy =
  'The service does not start, because it would give wrong answers: `orders recover --dry-run` shows what was lost, ' +
  '`orders recover` goes on without it. If this is not the database that you meant, set DATABASE_URL.';

async function retry(
  learn: () => Promise<void>,
  continuity: LogContinuity,
  log: Logger,
  isClosed: () => boolean,
): Promise<void> {
  while (!isClosed()) {
    await setTimeout(retryMs, undefined, { ref: false });
    try {
      await learn();
      return;
    } catch (error) {
      if (!(error instanceof LostLog)) continue;
      log.fatal(error.message);
      continuity.refuse(error.message);
      return;
    }
  }
}
