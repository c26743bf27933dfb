import { EventEmitter } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import createSubscriberModule, { type Subscriber } from 'pg-listen';
import type { Logger } from 'pino';
import { type DatabaseAddress, directAccess } from '../connection/database-access.js';
import { serviceConnection } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import type { HeadMoved } from './head-moved.js';
import type { LogContinuity } from './log-continuity.js';
import { type HeadsPayload, headsChannel } from './notify-heads.js';

// pg-listen is CommonJS with a transpiled default export. For an ES module, that export is one
// level deeper.
const createSubscriber = createSubscriberModule.default;

/**
 * Knows the head of each partition: the position of its last event. It learns of new heads from
 * notifications. Since those are only hints, it also takes the heads that `LogContinuity` reads at
 * intervals, and has them read after each reconnect. Emits `moved` with the partition. The heads
 * never go back: a process whose log went back starts over.
 */
export class LogHeads extends EventEmitter<{ moved: [partition: number] }> {
  readonly heads = new Map<number, number>();
  readonly #continuity: LogContinuity;
  readonly #url: string;
  readonly #log: Logger;
  #subscriber: Subscriber<{ [headsChannel]: HeadsPayload }> | undefined;
  #closed = false;
  #relistening = false;
  /** Whether the LISTEN connection is open. */
  listening = false;

  constructor(address: DatabaseAddress, continuity: LogContinuity, log: Logger) {
    super();
    this.setMaxListeners(0);
    this.#url = directAccess(address).url;
    this.#continuity = continuity;
    this.#log = log;
    continuity.on('heads', (heads) => {
      for (const { partition, position } of heads) this.#observe(partition, position);
    });
  }

  async start(): Promise<void> {
    await this.#continuity.start();
    await this.#listen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#continuity.close();
    await this.#subscriber?.close();
  }

  /**
   * Called after this process has appended, so that its own projector does not wait for a
   * notification.
   */
  advance({ partition, position }: HeadMoved): void {
    this.#observe(partition, position);
  }

  /** Reads all heads once. Errors are logged, and the next reading tries again. */
  readHeads(): Promise<boolean> {
    return this.#continuity.read();
  }

  async #listen(): Promise<void> {
    const subscriber = createSubscriber<{ [headsChannel]: HeadsPayload }>(
      serviceConnection(this.#url, 'orders listen'),
      {
        paranoidChecking: limits.listenCheckIntervalMs,
        retryInterval: limits.listenRetryIntervalMs,
        // 0 switches off pg-listen's default of giving up after three seconds.
        retryTimeout: 0,
        retryLimit: Number.POSITIVE_INFINITY,
      },
    );
    this.#subscriber = subscriber;
    subscriber.notifications.on(headsChannel, (payload) => {
      for (const [partition, position] of payload) {
        this.#continuity.advance({ partition, position });
        this.#observe(partition, position);
      }
    });
    subscriber.events.on('reconnect', () => {
      this.listening = false;
    });
    subscriber.events.on('connected', () => {
      this.listening = true;
      // Notifications that were sent while nothing listened are lost.
      void this.readHeads();
    });
    subscriber.events.on('error', (error) => {
      this.listening = false;
      this.#log.error({ err: error }, 'the LISTEN connection failed; polling continues');
      void this.#relisten();
    });
    await subscriber.connect();
    await subscriber.listenTo(headsChannel);
    this.listening = true;
  }

  /**
   * Replaces a subscriber that gave up. Makes one attempt at a time, and closes each before the
   * next.
   */
  async #relisten(): Promise<void> {
    if (this.#relistening) return;
    this.#relistening = true;
    while (!this.#closed && !this.listening) {
      await this.#subscriber
        ?.close()
        .catch((error: unknown) => this.#log.debug({ err: error }, 'a failed listener could not be closed'));
      try {
        await this.#listen();
      } catch (error) {
        this.#log.debug({ err: error }, 'the LISTEN connection could not be opened again; polling continues');
        await setTimeout(limits.listenRetryIntervalMs);
      }
    }
    this.#relistening = false;
  }

  #observe(partition: number, position: number): void {
    if (position <= (this.heads.get(partition) ?? -1)) return;
    this.heads.set(partition, position);
    this.emit('moved', partition);
  }
}
