import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';

/** Limits of runs. */
const limits = {
  /** Finished runs of one kind that are kept. */
  keptRuns: 20,
  /** Time after which a run whose process has not reported counts as interrupted. */
  leaseMs: 10_000,
  /** Interval at which a run's process reports its progress. */
  reportIntervalMs: 500,
} as const;

export interface RunHead {
  readonly run_id: string;
  readonly state: 'running' | 'done' | 'failed' | 'interrupted';
  readonly requested_by: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  /** Why the run failed. */
  readonly error: string | null;
  readonly events_done: number;
  readonly events_total: number;
}

type Progress = Pick<RunHead, 'events_done' | 'events_total'>;

/**
 * Runs of one kind that take long, such as verifications. One runs at a time, in whatever process
 * was asked; every process sees its progress, because that is in Redis:
 *
 *   current  the newest run, while it runs. It has a lease, which its process renews. A run without
 *            a lease was interrupted: its process died, or Redis was lost.
 *   ended    a list of the runs that have ended, the newest first
 */
export class RunStore<Result extends object> {
  readonly #redis: Redis;
  readonly #keys: { readonly current: string; readonly lease: string; readonly ended: string };
  readonly #log: Logger;
  /** The result of a run that has not ended. */
  readonly #empty: Result;

  /** @param prefix of the keys, with the kind of the runs. */
  constructor(redis: Redis, prefix: string, empty: Result, log: Logger) {
    this.#redis = redis;
    this.#keys = { current: `${prefix}:current`, lease: `${prefix}:lease`, ended: `${prefix}:ended` };
    this.#empty = empty;
    this.#log = log;
  }

  /**
   * Starts a run, unless one is running: then that one is returned. Resolves once it has begun.
   * Rejects with ReadModelUnavailable.
   */
  async start(
    requestedBy: string,
    work: (report: (progress: Progress) => void) => Promise<Result>,
  ): Promise<{ run: RunHead & Result; isNew: boolean }> {
    const id = randomUUID();
    const { lease, current } = this.#keys;
    const [taken] = await pipeline(this.#redis, [['SET', lease, id, 'NX', 'PX', limits.leaseMs]]);
    if (taken !== 'OK') {
      const [running] = await this.list();
      if (running?.state === 'running') return { run: running, isNew: false };
    }
    await this.#keepInterrupted();
    const head: RunHead = {
      run_id: id,
      state: 'running',
      requested_by: requestedBy,
      started_at: new Date().toISOString(),
      ended_at: null,
      error: null,
      events_done: 0,
      events_total: 0,
    };
    const run = { ...head, ...this.#empty };
    await pipeline(this.#redis, [['SET', current, JSON.stringify(run)]]);
    void this.#run(head, work).catch((error: unknown) =>
      this.#log.warn({ err: error }, 'the end of a run could not be recorded'),
    );
    return { run, isNew: true };
  }

  /** The newest runs, newest first. Rejects with ReadModelUnavailable. */
  async list(): Promise<(RunHead & Result)[]> {
    const { current, lease, ended } = this.#keys;
    const [running, leased, texts] = await pipeline(this.#redis, [
      ['GET', current],
      ['GET', lease],
      ['LRANGE', ended, 0, limits.keptRuns - 1],
    ]);
    const runs = (texts as string[]).map((text) => this.#parse(text));
    if (typeof running !== 'string') return runs;
    const run = this.#parse(running);
    return [leased === run.run_id ? run : { ...run, state: 'interrupted' }, ...runs];
  }

  async #run(head: RunHead, work: (report: (progress: Progress) => void) => Promise<Result>): Promise<void> {
    let progress: Progress = { events_done: 0, events_total: 0 };
    const { current, lease, ended } = this.#keys;
    const report = async () => {
      const text = JSON.stringify({ ...head, ...progress, ...this.#empty });
      await pipeline(this.#redis, [
        ['SET', current, text],
        ['SET', lease, head.run_id, 'PX', limits.leaseMs],
      ]);
    };
    const timer = setInterval(() => {
      report().catch((error: unknown) => this.#log.debug({ error: String(error) }, 'a run could not report'));
    }, limits.reportIntervalMs);
    let outcome: Partial<RunHead> & Result;
    try {
      const result = await work((made) => {
        progress = made;
      });
      outcome = { state: 'done', ...result };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      outcome = { state: 'failed', error: message, ...this.#empty };
    } finally {
      clearInterval(timer);
    }
    const over = { ...head, ...progress, ...outcome, ended_at: new Date().toISOString() };
    await pipeline(this.#redis, [
      ['LPUSH', ended, JSON.stringify(over)],
      ['LTRIM', ended, 0, limits.keptRuns - 1],
      ['DEL', current],
      ['DEL', lease],
    ]);
  }

  /** Moves a run whose process has died to those that have ended. */
  async #keepInterrupted(): Promise<void> {
    const { current, ended } = this.#keys;
    const [text] = await pipeline(this.#redis, [['GET', current]]);
    if (typeof text !== 'string') return;
    const run = { ...this.#parse(text), state: 'interrupted', ended_at: new Date().toISOString() };
    await pipeline(this.#redis, [['LPUSH', ended, JSON.stringify(run)]]);
  }

  /** Only this class writes these texts. */
  #parse(text: string): RunHead & Result {
    return JSON.parse(text) as RunHead & Result;
  }
}
