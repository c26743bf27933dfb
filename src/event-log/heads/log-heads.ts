import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { FailureLog } from '../../failure-log.js';
import { type DatabaseAddress, directAccess } from '../connection/database-access.js';
import { connectToPrimary } from '../connection/find-primary.js';
import { serviceConnection } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import type { HeadMoved } from './head-moved.js';
import { HeadsListener } from './heads-listener.js';
import type { LogContinuity } from './log-continuity.js';

/**
 * Knows the head of each partition: the position of its last event. Emits `moved` with the
 * partition.
 *
 * - **Confirmed** heads are those that `LogContinuity` reads at intervals and after each reconnect,
 *   and those of this process's own appends. They never go back: a process whose log went back
 *   starts over.
 * - A notification is a **hint**: every role of the database may send one. A hint beyond the
 *   confirmed head counts as the head, so that its events are read at once. The next reading of the
 *   heads that is sent after the hint replaces it.
 */
export class LogHeads extends EventEmitter<{ moved: [partition: number] }> {
  /** By partition: the confirmed head, or the hint beyond it. */
  readonly heads = new Map<number, number>();
  readonly #confirmed = new Map<number, number>();
  readonly #hints = new Map<number, number>();
  /** The hints when the heads were last asked for. The reading confirms or disproves them. */
  #askedHints: ReadonlyMap<number, number> = new Map();
  readonly #continuity: LogContinuity;
  readonly #listener: HeadsListener;

  constructor(address: DatabaseAddress, continuity: LogContinuity, log: Logger) {
    super();
    this.setMaxListeners(0);
    this.#continuity = continuity;
    continuity.on('reading', () => {
      this.#askedHints = new Map(this.#hints);
    });
    continuity.on('heads', (heads) => {
      for (const { partition, position } of heads) {
        if (this.#hints.get(partition) === this.#askedHints.get(partition)) this.#hints.delete(partition);
        this.#confirm(partition, position);
      }
    });
    this.#listener = new HeadsListener({
      connect: (listen) =>
        connectToPrimary(directAccess(address).url, (primary) =>
          listen({
            ...serviceConnection(primary, 'orders listen'),
            query_timeout: limits.listenTimeoutMs,
          }),
        ),
      settings: continuity.settings,
      onHeads: (heads) => {
        for (const [partition, position] of heads) this.#hint(partition, position);
      },
      onListening: () => void this.readHeads(),
      failures: new FailureLog(log, {
        level: 'error',
        failing: 'the LISTEN connection failed; polling continues',
        over: 'the LISTEN connection is open again',
      }),
    });
  }

  /** Whether the LISTEN connection is open. */
  get listening(): boolean {
    return this.#listener.listening;
  }

  async start(): Promise<void> {
    await this.#continuity.start();
    await this.#listener.start();
  }

  async close(): Promise<void> {
    await this.#continuity.close();
    await this.#listener.close();
  }

  /**
   * Called after this process has appended, so that its own projector does not wait for a
   * notification.
   */
  advance({ partition, position }: HeadMoved): void {
    this.#confirm(partition, position);
  }

  /**
   * Reads all heads, as they are after this call or later. Resolves with false if some could not be
   * read. Errors are logged, and the next reading tries again.
   */
  readHeads(): Promise<boolean> {
    return this.#continuity.readFresh();
  }

  #confirm(partition: number, position: number): void {
    const before = this.#confirmed.get(partition) ?? -1;
    if (position > before) this.#confirmed.set(partition, position);
    this.heads.set(partition, Math.max(before, position, this.#hints.get(partition) ?? 0));
    if (position > before) this.emit('moved', partition);
  }

  #hint(partition: number, position: number): void {
    if (position <= (this.#confirmed.get(partition) ?? -1)) return;
    const hint = Math.max(position, this.#hints.get(partition) ?? 0);
    this.#hints.set(partition, hint);
    this.heads.set(partition, hint);
    // Also for a lower hint than the one before, which may be wrong.
    this.emit('moved', partition);
  }
}
