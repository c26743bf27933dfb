import type { Logger } from 'pino';
import { FailureLog } from '../../failure-log.js';
import type { Generations } from '../../read-models/generations.js';
import type { ProjectionId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { projectorLimits as limits } from '../limits.js';
import type { GenerationStore } from './generation-store.js';

export interface GenerationWatcherDeps {
  readonly keys: ReadModelKeys;
  readonly store: GenerationStore;
  readonly projections: readonly ProjectionId[];
  /** Recorded as `requested_by` if this process finds that a version has no generation yet. */
  readonly requestedBy: string;
  /** Called with the generations of each projection after every reading, one call at a time. */
  readonly onRead: (generations: readonly Generations[]) => Promise<void>;
  readonly log: Logger;
}

/**
 * Reads which generations of the projections exist: at intervals, and at once when a process
 * publishes that they have changed. A lost message costs one interval.
 */
export class GenerationWatcher {
  readonly #deps: GenerationWatcherDeps;
  readonly #failures: FailureLog;
  #subscriber: Redis | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** Whether a change was announced while a reading was under way. */
  #readAgain = false;
  #closed = false;

  constructor(deps: GenerationWatcherDeps) {
    this.#deps = deps;
    this.#failures = new FailureLog(deps.log, {
      failing: 'generations of read models could not be read or followed; it is tried again',
      over: 'generations of read models are read again',
    });
  }

  /**
   * @param subscriber a connection for subscribing; without one, changes are found at intervals.
   */
  start(subscriber?: Redis): void {
    const { keys, log } = this.#deps;
    this.#subscriber = subscriber;
    subscriber?.on('message', this.#onMessage);
    subscriber
      ?.subscribe(keys.generationsChannel)
      .catch((error: unknown) => log.debug({ err: error }, 'generations: Redis did not subscribe'));
    this.#timer = setInterval(() => this.refresh(), limits.generationsIntervalMs);
    this.refresh();
  }

  /**
   * Resolves once no reading is under way. The subscriber stays subscribed: others may share it.
   */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#subscriber?.off('message', this.#onMessage);
    await this.#reading;
  }

  /** Reads the generations now; if a reading is under way, once more after it. */
  refresh(): void {
    if (this.#closed) return;
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return;
    }
    this.#reading = this.#read()
      .then(() => this.#failures.succeeded())
      .catch((error: unknown) => {
        if (!this.#closed) this.#failures.failed(error);
      })
      .finally(() => {
        this.#reading = undefined;
        if (!this.#readAgain) return;
        this.#readAgain = false;
        this.refresh();
      });
  }

  readonly #onMessage = (channel: string): void => {
    if (channel === this.#deps.keys.generationsChannel) this.refresh();
  };

  async #read(): Promise<void> {
    const { store, projections, requestedBy, onRead } = this.#deps;
    // Opening each time restores the first generation after Redis has lost its data.
    await Promise.all(projections.map((projection) => store.open(projection, requestedBy)));
    const generations = await store.read(projections);
    if (!this.#closed) await onRead(generations);
  }
}
