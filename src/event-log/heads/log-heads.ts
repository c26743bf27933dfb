import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { FailureLog } from '../../failure-log.js';
import { type DatabaseAddress, directAccess } from '../connection/database-access.js';
import { serviceConnection } from '../database.js';
import type { HeadMoved } from './head-moved.js';
import { HeadsListener } from './heads-listener.js';
import type { LogContinuity } from './log-continuity.js';

/**
 * Knows the head of each partition: the position of its last event. It learns of new heads from
 * notifications. Since those are only hints, it also takes the heads that `LogContinuity` reads at
 * intervals, and has them read after each reconnect. Emits `moved` with the partition. The heads
 * never go back: a process whose log went back starts over.
 */
export class LogHeads extends EventEmitter<{ moved: [partition: number] }> {
  readonly heads = new Map<number, number>();
  readonly #continuity: LogContinuity;
  readonly #listener: HeadsListener;

  constructor(address: DatabaseAddress, continuity: LogContinuity, log: Logger) {
    super();
    this.setMaxListeners(0);
    this.#continuity = continuity;
    continuity.on('heads', (heads) => {
      for (const { partition, position } of heads) this.#observe(partition, position);
    });
    this.#listener = new HeadsListener({
      connection: () => serviceConnection(directAccess(address).url, 'orders listen'),
      onHeads: (heads) => {
        for (const [partition, position] of heads) {
          continuity.advance({ partition, position });
          this.#observe(partition, position);
        }
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
    this.#observe(partition, position);
  }

  /** Reads all heads once. Errors are logged, and the next reading tries again. */
  readHeads(): Promise<boolean> {
    return this.#continuity.read();
  }

  #observe(partition: number, position: number): void {
    if (position <= (this.heads.get(partition) ?? -1)) return;
    this.heads.set(partition, position);
    this.emit('moved', partition);
  }
}
