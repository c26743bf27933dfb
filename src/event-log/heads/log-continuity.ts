import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { FailureLog } from '../../failure-log.js';
import { withTimeout } from '../../with-timeout.js';
import { DatabaseUnavailable } from '../connection/database-unavailable.js';
import type { LogSettings, Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { LogWentBack } from '../log-went-back.js';
import { readEpochs } from '../read-epochs.js';
import { ClockWatch } from './clock-watch.js';
import { describeDifferences, differencesOf, type KnownEvents } from './compare-log.js';
import type { HeadMoved } from './head-moved.js';
import { HeadTimes } from './head-times.js';
import type { Head } from './read-heads.js';
import { type KnownEvent, type PartitionState, readReachableState } from './read-log-state.js';

/** Watches whether a reading of the heads gets its response. */
type WatchReading = <T>(reading: Promise<T>) => Promise<T>;

/**
 * Knows whether the log still continues what this process knows of it. Every process has one.
 *
 * The process knows the highest position of each partition that it has learned of, and the newest
 * event whose hash it knows: from its own appends, and from reading the heads each
 * `headsPollIntervalMs`. Each reading compares both with the log. Its states:
 *
 * - **intact**: every reading so far has confirmed what was known before it was sent.
 * - **went back**: a reading found a partition that ends before a known position, or another event
 *   at the position of a known one, or an epoch before that of the process. A restore or a failover
 *   has lost the end of the log. The process keeps its knowledge. A reading that confirms it again
 *   makes the state intact: the process was connected to another server for a moment.
 * - **new epoch**: an operator has started a new epoch. The process has to start over, because it
 *   may hold what belongs to the lost part. It stays in this state.
 *
 * Outside of *intact*, commands and queries are rejected with the error of `assertIntact`.
 */
export class LogContinuity extends EventEmitter<{
  /** The heads are being asked for. */
  reading: [];
  heads: [heads: readonly Head[]];
  epoch: [name: string];
}> {
  readonly epoch: string;
  readonly clock: ClockWatch;
  /** When the heads were read, and when they moved. */
  readonly times = new HeadTimes();
  readonly settings: LogSettings;
  readonly #pool: Pool;
  readonly #watch: WatchReading;
  readonly #log: Logger;
  readonly #failures: FailureLog;
  readonly #known: KnownEvents;
  #refusal: LogWentBack | undefined;
  #unreachable: ReadonlyMap<number, unknown> = new Map();
  /** Why the last reading did not read all heads; undefined if it did. */
  #readError: unknown;
  #hasNewEpoch = false;
  /** Whether no further reading makes the log intact. */
  #isFinal = false;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<boolean> | undefined;
  /** The next reading of `readFresh`, which has not begun. */
  #nextReading: Promise<boolean> | undefined;
  /** When the last reading of `readFresh` began. */
  #freshSinceMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(pool: Pool, settings: LogSettings, log: Logger, watch: WatchReading = (reading) => reading) {
    super();
    this.setMaxListeners(0);
    this.#pool = pool;
    this.#watch = watch;
    this.#log = log;
    this.#failures = new FailureLog(log, {
      failing: 'the heads of the log could not be read',
      over: 'the heads of the log are read again',
    });
    this.settings = settings;
    this.epoch = settings.epochs.current;
    this.clock = new ClockWatch(log);
    this.#known = { epoch: this.epoch, positions: new Map(), events: new Map() };
  }

  /** Reads the heads now, and from then on at intervals. May be called more than once. */
  async start(): Promise<void> {
    this.#timer ??= setInterval(() => void this.read(), limits.headsPollIntervalMs);
    await this.read();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#reading;
  }

  /** Why the process serves no commands and queries; undefined if the log is intact. */
  get refusal(): LogWentBack | undefined {
    return this.#refusal;
  }

  /** Whether an operator has started a new epoch: the process has to start over. */
  get hasNewEpoch(): boolean {
    return this.#hasNewEpoch;
  }

  /**
   * The partitions that the last reading did not reach, with the errors, because a server of a
   * distributed database is down. If no partition could be read, it has all partitions of a
   * distributed log. It is always empty for a log on one server, because such a failure says
   * nothing about single partitions.
   */
  get unreachable(): ReadonlyMap<number, unknown> {
    return this.#unreachable;
  }

  /** Throws LogWentBack unless the log is intact. */
  readonly assertIntact = (): void => {
    if (this.#refusal) throw this.#refusal;
  };

  /** Serves no commands and queries from now on, because the log was found to have gone back. */
  refuse(message: string): void {
    this.#isFinal = true;
    this.#refusal = new LogWentBack(message);
  }

  /** The highest known position of a partition; 0 if none is known. */
  position(partition: number): number {
    return this.knownHead(partition) ?? 0;
  }

  /** The highest known position of a partition; undefined before the first reading of the heads. */
  knownHead(partition: number): number | undefined {
    return this.#known.positions.get(partition);
  }

  /** The newest event of each partition whose hash is known. */
  get knownEvents(): readonly KnownEvent[] {
    return [...this.#known.events.values()];
  }

  /** Adds what this process knows: a position that is in the log, and its event's hash if known. */
  advance({ partition, position, hash }: HeadMoved): void {
    if (this.#refusal) return;
    const { positions, events } = this.#known;
    if (position > (positions.get(partition) ?? -1)) positions.set(partition, position);
    if (hash && position > (events.get(partition)?.position ?? 0)) events.set(partition, { partition, position, hash });
  }

  /**
   * Reads all heads once. A call during a reading shares it. Resolves with false if some heads
   * could not be read, or if the log went back. Errors are logged, and the next reading tries
   * again.
   */
  read(): Promise<boolean> {
    this.#reading ??= this.#read()
      .then(() => {
        const [error] = this.#unreachable.values();
        this.#readError = error;
        if (error === undefined) this.#failures.succeeded();
        else this.#failures.failed(error);
        return this.#refusal === undefined && error === undefined;
      })
      .catch((error: unknown) => {
        this.#readError = error;
        this.#unreachable = this.settings.appendAcrossPartitions ? new Map() : this.#allUnreachable(error);
        if (!this.#closed) this.#failures.failed(error);
        return false;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  /**
   * Reads all heads like `read`, but never shares a reading that has begun before this call. It
   * therefore sees everything that was committed before the call. Calls share the next reading, and
   * such readings begin at least `freshIntervalMs` apart.
   */
  readFresh(): Promise<boolean> {
    this.#nextReading ??= this.#readNext();
    return this.#nextReading;
  }

  /**
   * Compares the log with what is known of it, by a fresh reading of the heads. Rejects with
   * LogWentBack unless the log is intact, and with DatabaseUnavailable if some heads could not be
   * read within `confirmTimeoutMs`.
   */
  async compare(): Promise<void> {
    const isRead = await withTimeout(limits.confirmTimeoutMs, this.readFresh()).catch(() => false);
    this.assertIntact();
    if (isRead) return;
    throw new DatabaseUnavailable('the heads of the log could not be read', false, this.#readError ?? 'no response');
  }

  /**
   * Confirms by a fresh reading of the heads that the events just read are of the known log.
   * Rejects with LogWentBack if they are not. If there is no response within `confirmTimeoutMs`,
   * the log counts as intact, as it does between two readings.
   */
  async confirm(): Promise<void> {
    await withTimeout(limits.confirmTimeoutMs, this.readFresh()).catch(() => undefined);
    this.assertIntact();
  }

  async #readNext(): Promise<boolean> {
    const waitMs = this.#freshSinceMs + limits.freshIntervalMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    // A reading in flight may have begun before the calls that share the next one.
    do await this.#reading;
    while (this.#reading !== undefined);
    this.#nextReading = undefined;
    if (this.#closed) return false;
    this.#freshSinceMs = performance.now();
    return this.read();
  }

  /** The servers of a distributed log may all be down while its coordinator responds. */
  #allUnreachable(error: unknown): Map<number, unknown> {
    return new Map(Array.from({ length: this.settings.partitions }, (_, partition) => [partition, error]));
  }

  async #read(): Promise<void> {
    // The reading has to contain everything that was known before it was sent. Later appends may
    // not be.
    const { epoch, positions, events } = this.#known;
    const known: KnownEvents = { epoch, positions: new Map(positions), events: new Map(events) };
    this.emit('reading');
    const sentMs = Date.now();
    const { states, unreachable } = await this.#watch(
      readReachableState(this.#pool, this.settings, known.events.values()),
    );
    this.#unreachable = unreachable;
    this.clock.observe(states, sentMs, Date.now());
    this.times.observe(states);
    if (this.#isFinal) return;
    if (states.some(({ epoch }) => epoch !== this.epoch) && (await this.#findNewEpoch())) return;
    const differences = differencesOf(states, known);
    if (differences.length > 0) {
      this.#setRefusal(
        `The log went back: ${describeDifferences(differences)}. A restore or a failover has lost its end. ` +
          'Run `orders recover --dry-run`.',
      );
      return;
    }
    // Partitions that could not be read confirm nothing.
    if (this.#refusal && unreachable.size > 0) return;
    if (this.#refusal) {
      this.#refusal = undefined;
      this.#log.info('the log is again the one that this process knows');
    }
    this.#confirm(states);
  }

  #confirm(states: readonly PartitionState[]): void {
    for (const state of states) this.advance(state);
    this.emit('heads', states);
  }

  /** Whether an epoch has started that this process did not know when it began. */
  async #findNewEpoch(): Promise<boolean> {
    const epochs = await readEpochs(this.#pool);
    // A log that went back to before the epoch of this process has an epoch that it knew.
    if (this.settings.epochs.has(epochs.current)) return false;
    this.#hasNewEpoch = true;
    this.#isFinal = true;
    this.#refusal = new LogWentBack(`The log is in epoch ${epochs.current} now. This process starts over.`);
    this.#log.warn({ epoch: epochs.current, before: this.epoch }, 'an operator has started a new epoch of the log');
    this.emit('epoch', epochs.current);
    return true;
  }

  #setRefusal(message: string): void {
    if (this.#refusal?.message === message) return;
    if (!this.#refusal) {
      this.#log.fatal({ log_id: this.settings.logId, epoch: this.epoch }, message);
    }
    this.#refusal = new LogWentBack(message);
  }
}
