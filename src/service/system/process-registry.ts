import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { randomBytes } from '../../random-bytes.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { registryLimits as limits } from './limits.js';

/** A process as it describes itself in Redis. */
export interface ProcessReport {
  readonly process_id: string;
  readonly version: string;
  readonly node: string;
  readonly roles: readonly ('api' | 'projector')[];
  readonly started_at: string;
  readonly memory_bytes: number;
}

/**
 * Names this process for operators: the host, the pid and four random hex digits. Containers may
 * share a host's name and have the same pid.
 */
export function createProcessId(): string {
  return `${hostname()}:${process.pid}:${randomBytes(2).toString('hex')}`;
}

export type ListedProcess = ProcessReport & { readonly reported_seconds_ago: number };

/**
 * Lists the processes of the service. Each reports itself under a key that expires, so that the age
 * of a report needs no clock but that of Redis.
 */
export class ProcessRegistry {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #self: Omit<ProcessReport, 'memory_bytes'>;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    redis: Redis,
    prefix: string,
    self: Pick<ProcessReport, 'process_id' | 'version' | 'roles'>,
    log: Logger,
  ) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#log = log;
    const startedMs = Date.now() - process.uptime() * 1000;
    this.#self = {
      process_id: self.process_id,
      version: self.version,
      node: process.version,
      roles: self.roles,
      started_at: new Date(startedMs).toISOString(),
    };
  }

  start(): void {
    void this.#report();
    this.#timer = setInterval(() => void this.#report(), limits.reportIntervalMs);
  }

  /** Takes this process off the list. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const commands = [
      ['DEL', keyOf(this.#prefix, this.#self.process_id)],
      ['SREM', this.#prefix, this.#self.process_id],
    ] as const;
    await pipeline(
      this.#redis,
      commands.map((one) => [...one]),
    ).catch(() => undefined);
  }

  /** As `listProcesses`, and says which of them is this one. */
  async list(): Promise<(ListedProcess & { is_this: boolean })[]> {
    const all = await listProcesses(this.#redis, this.#prefix);
    return all.map((one) => ({ ...one, is_this: one.process_id === this.#self.process_id }));
  }

  async #report(): Promise<void> {
    const report: ProcessReport = { ...this.#self, memory_bytes: process.memoryUsage.rss() };
    try {
      await pipeline(this.#redis, [
        ['SET', keyOf(this.#prefix, report.process_id), JSON.stringify(report), 'PX', limits.reportLifeMs],
        ['SADD', this.#prefix, report.process_id],
      ]);
    } catch (error) {
      this.#log.debug({ error: String(error) }, 'the process could not report itself');
    }
  }
}

/**
 * The processes of the service that have reported lately. Takes those off the list that have not: a
 * process that was killed does not do so itself. Rejects with ReadModelUnavailable.
 */
export async function listProcesses(redis: Redis, prefix: string): Promise<ListedProcess[]> {
  const [ids] = (await pipeline(redis, [['SMEMBERS', prefix]])) as [string[]];
  const replies = await pipeline(
    redis,
    ids.flatMap((id) => [
      ['GET', keyOf(prefix, id)],
      ['PTTL', keyOf(prefix, id)],
    ]),
  );
  const gone = ids.filter((_, nth) => typeof replies[2 * nth] !== 'string');
  // A process that reports itself again is listed again.
  if (gone.length > 0) await pipeline(redis, [['SREM', prefix, ...gone]]);
  return ids
    .flatMap((_, nth) => {
      const [text, leftMs] = [replies[2 * nth], Number(replies[2 * nth + 1])];
      if (typeof text !== 'string') return [];
      // Only #report writes these texts.
      const report = JSON.parse(text) as ProcessReport;
      const ageMs = Math.max(0, limits.reportLifeMs - leftMs);
      return [{ ...report, reported_seconds_ago: Math.floor(ageMs / 1000) }];
    })
    .sort((a, b) => a.process_id.localeCompare(b.process_id));
}

function keyOf(prefix: string, id: string): string {
  return `${prefix}:${id}`;
}
