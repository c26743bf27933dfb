import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { FailureLog } from '../../failure-log.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { type RedisScript, redisScript } from '../../read-models/redis/redis-script.js';
import { runLimits as limits } from './limits.js';

export interface RunHead {
  readonly run_id: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  readonly requested_by: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  /** Why the run failed. */
  readonly error: string | null;
  readonly events_done: number;
  readonly events_total: number;
}

/** Does the work of a run, and rejects soon after the signal is aborted. */
type Work<Result> = (report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>;

const endMessages = {
  failing: `Redis does not record the end of a run; it is asked again for up to ${limits.endTimeoutMs / 60_000} minutes`,
  over: 'Redis has recorded the end of the run',
} as const;

type Progress = Pick<RunHead, 'events_done' | 'events_total'>;

/**
 * Runs of one kind that take long, such as verifications. One runs at a time, in whatever process
 * was asked; every process sees its progress, because that is in Redis:
 *
 *   running  the run that runs: its lease. It expires unless the run's process renews it. A run
 *            that finds another run's lease, or itself in `ended`, has lost its own: it aborts, and
 *            was interrupted. It never takes a lease again.
 *   current  the run that began last, until it ends. Without its lease it was interrupted: its
 *            process died, or Redis was lost.
 *   cancel   the id of the run that is to end. Its process sees it when it next reports.
 *   ended    a list of the runs that have ended, the newest first, each once. One whose state is
 *            still `running` was found interrupted when the next run began.
 *
 * A run begins, reports and ends by one script each, which changes all of these keys at once.
 */
export class RunStore<Result extends object> {
  readonly #redis: Redis;
  readonly #keys: Readonly<Record<'current' | 'lease' | 'cancel' | 'ended', string>>;
  readonly #log: Logger;
  readonly #begin: RedisScript;
  readonly #renew: RedisScript;
  readonly #end: RedisScript;
  /** The result of a run that has not ended. */
  readonly #empty: Result;

  /** @param prefix of the keys, with the kind of the runs. */
  constructor(redis: Redis, prefix: string, empty: Result, log: Logger) {
    this.#redis = redis;
    this.#keys = {
      // The hash tag puts them into one slot, so that one script may change all of them.
      current: `{${prefix}}:current`,
      lease: `{${prefix}}:running`,
      cancel: `{${prefix}}:cancel`,
      ended: `{${prefix}}:ended`,
    };
    this.#empty = empty;
    this.#log = log;
    this.#begin = redisScript(redis, 'begin-run.lua');
    this.#renew = redisScript(redis, 'renew-run.lua');
    this.#end = redisScript(redis, 'end-run.lua');
  }

  /**
   * Starts a run, unless one is running: then that one is returned. Resolves once it has begun.
   * Rejects with ReadModelUnavailable.
   */
  async start(requestedBy: string, work: Work<Result>): Promise<{ run: RunHead & Result; isNew: boolean }> {
    const head: RunHead = {
      run_id: randomUUID(),
      state: 'running',
      requested_by: requestedBy,
      started_at: new Date().toISOString(),
      ended_at: null,
      error: null,
      events_done: 0,
      events_total: 0,
    };
    const run = { ...head, ...this.#empty };
    const args = [JSON.stringify(run), limits.leaseMs, limits.keptRuns];
    const holder = this.#parse(String(await this.#begin(this.#scriptKeys(), args)));
    if (holder.run_id !== run.run_id) return { run: holder, isNew: false };
    void this.#run(head, work).catch((error: unknown) =>
      this.#log.error({ err: error, run_id: head.run_id }, 'the end of a run was not recorded: its result is lost'),
    );
    return { run, isNew: true };
  }

  /**
   * Ends a run, in whatever process it runs, within a second. Resolves with false if it does not
   * run. Rejects with ReadModelUnavailable.
   */
  async cancel(runId: string): Promise<boolean> {
    const { lease, cancel } = this.#keys;
    const [text] = await pipeline(this.#redis, [['GET', lease]]);
    if (typeof text !== 'string' || this.#parse(text).run_id !== runId) return false;
    await pipeline(this.#redis, [['SET', cancel, runId, 'PX', limits.leaseMs]]);
    return true;
  }

  /** The newest runs, newest first. Rejects with ReadModelUnavailable. */
  async list(): Promise<(RunHead & Result)[]> {
    const { current, lease, ended } = this.#keys;
    const [currentText, leaseText, texts] = await pipeline(this.#redis, [
      ['GET', current],
      ['GET', lease],
      ['LRANGE', ended, 0, limits.keptRuns - 1],
    ]);
    const leased = typeof leaseText === 'string' ? [this.#parse(leaseText)] : [];
    const begun = typeof currentText === 'string' ? [this.#parse(currentText)] : [];
    const asInterrupted = (run: RunHead & Result) => ({ ...run, state: 'interrupted' as const });
    const over = (texts as string[])
      .map((text) => this.#parse(text))
      .map((run) => (run.state === 'running' ? asInterrupted(run) : run));
    const interrupted = begun.filter(({ run_id }) => !over.some((one) => one.run_id === run_id)).map(asInterrupted);
    // A run is under several keys while it begins or ends.
    const byId = new Map<string, RunHead & Result>();
    for (const run of [...leased, ...interrupted, ...over]) if (!byId.has(run.run_id)) byId.set(run.run_id, run);
    return [...byId.values()];
  }

  async #run(head: RunHead, work: Work<Result>): Promise<void> {
    let progress: Progress = { events_done: 0, events_total: 0 };
    const keys = this.#scriptKeys();
    const controller = new AbortController();
    let isLost = false;
    const report = async () => {
      // The other run may end first. This one must not take the lease again.
      if (isLost) return;
      const text = JSON.stringify({ ...head, ...progress, ...this.#empty });
      isLost = (await this.#renew(keys, [head.run_id, text, limits.leaseMs])) !== 1;
      if (isLost) return controller.abort();
      const [cancelled] = await pipeline(this.#redis, [['GET', this.#keys.cancel]]);
      if (cancelled === head.run_id) controller.abort();
    };
    let reporting: Promise<void> | undefined;
    const timer = setInterval(() => {
      reporting ??= report()
        .catch((error: unknown) => this.#log.debug({ error: String(error) }, 'a run could not report'))
        .finally(() => {
          reporting = undefined;
        });
    }, limits.reportIntervalMs);
    let outcome: Partial<RunHead> & Result;
    try {
      const result = await work((made) => {
        progress = made;
      }, controller.signal);
      outcome = { state: 'done', ...result };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      outcome = controller.signal.aborted
        ? { state: isLost ? 'interrupted' : 'cancelled', ...this.#empty }
        : { state: 'failed', error: message, ...this.#empty };
    } finally {
      clearInterval(timer);
      // A report that arrived after the end would make the run current again.
      await reporting;
    }
    const over = { ...head, ...progress, ...outcome, ended_at: new Date().toISOString() };
    await this.#recordEnd(head.run_id, [head.run_id, JSON.stringify(over), limits.keptRuns]);
  }

  /**
   * Repeats the end until Redis accepts it: the result of a long run has no second copy. Operators
   * see the first failure, one line per minute, and the success. Rejects after `endTimeoutMs`.
   */
  async #recordEnd(runId: string, args: Parameters<RedisScript>[1]): Promise<void> {
    const deadlineMs = performance.now() + limits.endTimeoutMs;
    const failures = new FailureLog(this.#log.child({ run_id: runId }), endMessages, { quietMs: 0 });
    for (;;) {
      try {
        await this.#end(this.#scriptKeys(), args);
        failures.succeeded();
        return;
      } catch (error) {
        failures.failed(error);
        if (performance.now() > deadlineMs) throw error;
        await setTimeout(limits.reportIntervalMs, undefined, { ref: false });
      }
    }
  }

  /** The keys of the scripts, in their order. */
  #scriptKeys(): string[] {
    const { lease, current, ended } = this.#keys;
    return [lease, current, ended];
  }

  /** Only this class writes these texts. */
  #parse(text: string): RunHead & Result {
    return JSON.parse(text) as RunHead & Result;
  }
}
