import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import { readEpochs } from '../../event-log/read-epochs.js';
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
  { pool, settings, redis, keys }: Pick<Connections, 'pool' | 'settings' | 'redis' | 'keys'>,
  continuity: LogContinuity,
  dataDir: string,
  log: Logger,
  isClosed: () => boolean,
): Promise<void> {
  const { epochs, partitions } = settings;
  const checkEpoch = async ({ epoch, at }: LastKnown, source: string) => {
    if (epochs.has(epoch)) return;
    // An epoch that started later replaces what was known before it.
    if (at !== undefined && at < (epochs.further.at(-1)?.startedAt ?? '')) return;
    // It may have started since the settings were read: the service then starts over.
    if ((await readEpochs(pool)).has(epoch)) return;
    throw new LostLog(
      `${source} knows epoch ${epoch} of the log, but the log is in epoch ${epochs.current}. ${remedy}`,
    );
  };
  const learnFromRedis = async () => {
    const known = await knownByReadModels(redis, keys, epochs.current, partitions);
    if (known) await checkEpoch(known, 'Redis');
    // The checkpoints belong to the epoch of the keys.
    for (const event of known?.events ?? []) continuity.advance(event);
    await noteEpoch(redis, keys, epochs.current);
  };
  const learnFromDataDir = async () => {
    const known = await knownByDataDir(dataDir, settings);
    if (known) await checkEpoch(known, `the data folder ${dataDir}`);
    for (const event of known?.events ?? []) {
      const { partition, position } = event;
      if (!epochs.isLost({ partition, position, epoch: known?.epoch ?? '' })) continuity.advance(event);
    }
  };
  // This knowledge has to be read before the heads: other processes append meanwhile.
  await learnFromDataDir();
  try {
    await withTimeout(redisTimeoutMs, learnFromRedis());
  } catch (error) {
    if (error instanceof LostLog) throw error;
    log.debug({ err: error }, 'Redis did not say what it knows of the log; it is asked again');
    void retry(learnFromRedis, continuity, log, isClosed);
  }
  await continuity.start();
  if (continuity.refusal && !continuity.hasNewEpoch) throw new LostLog(`${continuity.refusal.message} ${remedy}`);
}

const remedy =
  'The service does not start, because it would give wrong answers: `orders recover --dry-run` shows what was lost, ' +
  '`orders recover` continues without it. If this is not the database that you meant, set DATABASE_URL.';

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
