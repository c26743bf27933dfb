import { EventEmitter } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import createSubscriberModule, { type Subscriber } from 'pg-listen';
import type { Logger } from 'pino';
import { type Pool, serviceConnection } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import type { HeadMoved } from './head-moved.js';
import { type HeadsPayload, headsChannel } from './notify-heads.js';
import { readHeads } from './read-heads.js';

// pg-listen is CommonJS with a transpiled default export, which an ES module meets one level deeper.
const createSubscriber = createSubscriberModule.default;

/**
 * Knows where each partition's log ends, from notifications and, since those are only hints, from reading all heads
 * every second and after each reconnect. Emits `moved` with the partition.
 */
export class LogHeads extends EventEmitter<{ moved: [partition: number] }> {
  readonly heads = new Map<number, number>();
  readonly #pool: Pool;
  readonly #url: string;
  readonly #log: Logger;
  #subscriber: Subscriber<{ [headsChannel]: HeadsPayload }> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #closed = false;
  #relistening = false;
  /** Whether the LISTEN connection stands. */
  listening = false;

  constructor(url: string, pool: Pool, log: Logger) {
    super();
    this.setMaxListeners(0);
    this.#url = url;
    this.#pool = pool;
    this.#log = log;
  }

  async start(): Promise<void> {
    await this.readHeads();
    this.#poll = setInterval(() => void this.readHeads(), limits.headsPollIntervalMs);
    await this.#listen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    await this.#reading;
    await this.#subscriber?.close();
  }

  /** Told by who appends in this process: its own projector need not wait for a notification to come back. */
  advance({ partition, position }: HeadMoved): void {
    this.#see(partition, position);
  }

  /** Reads all heads once. Errors are logged: the next poll tries again. */
  readHeads(): Promise<void> {
    this.#reading ??= readHeads(this.#pool)
      .then((heads) => {
        for (const { partition, position } of heads) this.#see(partition, position);
      })
      .catch((error: unknown) => {
        if (!this.#closed) this.#log.warn({ err: error }, 'the heads of the log could not be read');
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
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
      for (const [partition, position] of payload) this.#see(partition, position);
    });
    subscriber.events.on('reconnect', () => {
      this.listening = false;
    });
    subscriber.events.on('connected', () => {
      this.listening = true;
      // What was notified while nobody listened is gone: read the heads.
      void this.readHeads();
    });
    subscriber.events.on('error', (error) => {
      this.listening = false;
      this.#log.error({ err: error }, 'the LISTEN connection failed; polling goes on');
      void this.#relisten();
    });
    await subscriber.connect();
    await subscriber.listenTo(headsChannel);
    this.listening = true;
  }

  /** Replaces a subscriber that gave up, by one attempt after the other: each is closed before the next. */
  async #relisten(): Promise<void> {
    if (this.#relistening) return;
    this.#relistening = true;
    while (!this.#closed && !this.listening) {
      await this.#subscriber?.close().catch((error: unknown) => this.#log.debug({ err: error }, 'closing a listener'));
      try {
        await this.#listen();
      } catch (error) {
        this.#log.debug({ err: error }, 'listening again failed; polling goes on');
        await setTimeout(limits.listenRetryIntervalMs);
      }
    }
    this.#relistening = false;
  }

  #see(partition: number, position: number): void {
    if (position <= (this.heads.get(partition) ?? -1)) return;
    this.heads.set(partition, position);
    this.emit('moved', partition);
  }
}
