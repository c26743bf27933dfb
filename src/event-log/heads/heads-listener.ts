import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import createSubscriberModule, { type Subscriber } from 'pg-listen';
import type { FailureLog } from '../../failure-log.js';
import { withTimeout } from '../../with-timeout.js';
import type { LogSettings } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { type HeadsPayload, headsChannel, parseHeads } from './notify-heads.js';

// pg-listen is CommonJS with a transpiled default export. For an ES module, that export is one
// level deeper.
const createSubscriber = createSubscriberModule.default;

export interface HeadsListenerOptions {
  /** Calls `listen` with the connection to use. */
  readonly connect: (listen: (connection: pg.ClientConfig) => Promise<void>) => Promise<void>;
  readonly settings: Pick<LogSettings, 'logId' | 'partitions'>;
  readonly onHeads: (heads: HeadsPayload) => void;
  /** Called after each connecting: notifications that were sent while nothing listened are lost. */
  readonly onListening: () => void;
  readonly failures: FailureLog;
}

/**
 * Listens for notifications of new heads on a connection of its own, and reconnects without end.
 *
 * pg-listen's own reconnecting is switched off: it does not end when the subscriber is closed, and
 * would keep a stopping process alive. A subscriber that lost its connection is closed, and another
 * one takes its place.
 */
export class HeadsListener {
  readonly #options: HeadsListenerOptions;
  #subscriber: Subscriber<Record<string, HeadsPayload>> | undefined;
  #closed = false;
  #relistening = false;
  #listening = false;

  constructor(options: HeadsListenerOptions) {
    this.#options = options;
  }

  /** Whether the LISTEN connection is open. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Rejects if the first connection cannot be opened. */
  async start(): Promise<void> {
    await this.#listen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#closeSubscriber();
  }

  #listen(): Promise<void> {
    return this.#options.connect((connection) => this.#listenOn(connection));
  }

  async #listenOn(connection: pg.ClientConfig): Promise<void> {
    const { settings, onHeads, onListening, failures } = this.#options;
    const channel = headsChannel(settings);
    const subscriber = createSubscriber<Record<string, HeadsPayload>>(connection, {
      parse: (payload) => parseHeads(payload, settings),
      paranoidChecking: limits.listenCheckIntervalMs,
      // With a limit of 1, pg-listen makes no attempt and emits the error at once.
      retryLimit: 1,
    });
    this.#subscriber = subscriber;
    subscriber.notifications.on(channel, (heads: HeadsPayload | undefined) => {
      // A notification without a payload is not parsed.
      if (heads) onHeads(heads);
    });
    subscriber.events.on('error', (error) => {
      // Events of a subscriber that was replaced or closed are ignored.
      if (this.#closed || subscriber !== this.#subscriber) return;
      this.#listening = false;
      failures.failed(error);
      void this.#relisten();
    });
    await subscriber.connect();
    await subscriber.listenTo(channel);
    if (this.#closed) {
      await this.#closeSubscriber();
      return;
    }
    this.#listening = true;
    failures.succeeded();
    onListening();
  }

  /** Makes one attempt at a time, and closes each subscriber before the next. */
  async #relisten(): Promise<void> {
    if (this.#relistening) return;
    this.#relistening = true;
    while (!this.#closed && !this.#listening) {
      await this.#closeSubscriber();
      try {
        await this.#listen();
      } catch (error) {
        if (this.#closed) break;
        this.#options.failures.failed(error);
        await setTimeout(limits.listenRetryIntervalMs);
      }
    }
    this.#relistening = false;
  }

  /** A server that is down does not respond to the end of a session. */
  async #closeSubscriber(): Promise<void> {
    const subscriber = this.#subscriber;
    this.#subscriber = undefined;
    if (subscriber) await withTimeout(limits.endSessionTimeoutMs, subscriber.close()).catch(() => undefined);
  }
}
