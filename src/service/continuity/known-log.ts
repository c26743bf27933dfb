import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { LogSettings } from '../../event-log/database.js';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import type { KnownEvent } from '../../event-log/heads/read-log-state.js';
import { allProjections } from '../../projections/all-projections.js';
import { decodeCheckpoint } from '../../read-models/checkpoint.js';
import { readGenerations } from '../../read-models/generations.js';
import type { ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';

/**
 * The last knowledge of the log in Redis or in a file: its newest epoch, and events of that epoch.
 */
export interface LastKnown {
  readonly epoch: string;
  readonly events: readonly KnownEvent[];
  /** When this was known, RFC 3339; undefined if that is not known. */
  readonly at?: string;
}

/** Milliseconds between two writes of the file of known heads. */
const writeIntervalMs = 10_000;

/**
 * Reads what the read models in Redis know of the log: the newest epoch that a process has served,
 * and the checkpoints of the live generations in the epoch of `keys`. Undefined if Redis has
 * nothing of this log. Rejects with ReadModelUnavailable.
 */
export async function knownByReadModels(
  redis: Redis,
  keys: ReadModelKeys,
  epoch: string,
  partitions: number,
): Promise<LastKnown | undefined> {
  const [marker] = await pipeline(redis, [['GET', keys.epoch]]);
  const all = await readGenerations(redis, keys, allProjections);
  const checkpoints = allProjections.flatMap(({ name }, index) =>
    [...(all[index]?.live.values() ?? [])].flatMap((generation) =>
      Array.from({ length: partitions }, (_, partition) => ({
        partition,
        key: keys.checkpoint({ name, generation }, partition),
      })),
    ),
  );
  const texts = await pipeline(
    redis,
    checkpoints.map(({ key }) => ['GET', key]),
  );
  const newest = new Map<number, KnownEvent>();
  for (const [index, { partition }] of checkpoints.entries()) {
    const { position, hash } = decodeCheckpoint(texts[index] as string | null);
    if (position <= (newest.get(partition)?.position ?? 0)) continue;
    newest.set(partition, { partition, position, hash: Buffer.from(hash, 'hex') });
  }
  if (typeof marker !== 'string' && newest.size === 0) return undefined;
  return { epoch: typeof marker === 'string' ? marker : epoch, events: [...newest.values()] };
}

/** Notes in Redis that the log has this epoch. */
export async function noteEpoch(redis: Redis, keys: ReadModelKeys, epoch: string): Promise<void> {
  await pipeline(redis, [['SET', keys.epoch, epoch]]);
}

/** The file of the data folder with the heads that processes on this machine last knew. */
function headsFile(dataDir: string, { logId }: LogSettings): string {
  return join(dataDir, `known-heads-${logId.slice(0, 8)}.json`);
}

interface HeadsFileContent {
  readonly epoch: string;
  readonly at: string;
  readonly heads: readonly (readonly [partition: number, position: number, hash: string])[];
}

/** Reads the file of known heads. Undefined if there is none, or if it cannot be read. */
export async function knownByDataDir(dataDir: string, settings: LogSettings): Promise<LastKnown | undefined> {
  try {
    const { epoch, at, heads } = JSON.parse(await readFile(headsFile(dataDir, settings), 'utf8')) as HeadsFileContent;
    const events = heads.map(([partition, position, hash]) => ({
      partition,
      position,
      hash: Buffer.from(hash, 'hex'),
    }));
    return { epoch, at, events };
  } catch {
    return undefined;
  }
}

/**
 * Writes the heads into the data folder at intervals while they move, if the folder exists. A start
 * after a restore then notices that the log went back, even if Redis is empty.
 * @returns a function that writes once more, and ends it.
 */
export function keepKnownHeads(
  dataDir: string,
  settings: LogSettings,
  continuity: LogContinuity,
  log: Logger,
): () => Promise<void> {
  const file = headsFile(dataDir, settings);
  let written = '[]';
  const write = async () => {
    const known = continuity.knownEvents.map(
      ({ partition, position, hash }) => [partition, position, hash.toString('hex')] as const,
    );
    const heads = JSON.stringify(known);
    if (heads === written || continuity.refusal || !existsSync(dataDir)) return;
    const content: HeadsFileContent = { epoch: continuity.epoch, at: new Date().toISOString(), heads: known };
    const temporary = `${file}.${process.pid}.new`;
    await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
    await rename(temporary, file);
    written = heads;
  };
  const tryWrite = () =>
    write().catch((error: unknown) => log.debug({ err: error }, 'the known heads were not written'));
  const timer = setInterval(() => void tryWrite(), writeIntervalMs);
  return async () => {
    clearInterval(timer);
    await tryWrite();
  };
}
