import type { Logger } from 'pino';
import type { LogSettings, Pool } from '../event-log/database.js';
import type { WakeUps } from '../event-log/wake-ups.js';
import type { ReadModelKeys } from '../read-models/keys.js';
import { pipeline, type Redis } from '../read-models/redis.js';
import type { PartitionReport } from '../read-models/report.js';
import { projectorLimits as limits } from './limits.js';
import { metricsProjection } from './metrics.js';
import { orderHistoryProjection } from './order-history.js';
import { orderStatusProjection } from './order-status.js';
import { PartitionOwnership } from './ownership.js';
import { PartitionProjector, type Stopped } from './partition-projector.js';
import type { Projection } from './projection.js';
import { createProjectionStore } from './projection-store.js';

/** All projections of the service. A new one is a file beside these and a line here. */
export function allProjections(keys: ReadModelKeys): Projection[] {
  return [orderStatusProjection(keys), orderHistoryProjection(keys), metricsProjection(keys)] as Projection[];
}

export interface ProjectorOptions {
  readonly url: string;
  readonly settings: LogSettings;
  readonly pool: Pool;
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly wakeUps: WakeUps;
  readonly log: Logger;
  /** Named in reports, so that an operator knows where a partition runs. */
  readonly owner: string;
  readonly projections?: readonly Projection[];
}

/** This process's part in projecting: a projector for each partition that it owns. */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #ownership: PartitionOwnership;
  readonly #running = new Map<number, PartitionProjector>();
  readonly #stopping = new Map<number, Promise<void>>();
  #reports: NodeJS.Timeout | undefined;

  constructor(options: ProjectorOptions) {
    const { url, settings, pool, redis, keys, wakeUps, log } = options;
    this.#options = options;
    const store = createProjectionStore(redis, keys);
    const projections = options.projections ?? allProjections(keys);
    this.#ownership = new PartitionOwnership(url, settings.logId, settings.partitions, log);
    this.#ownership.on('acquired', (partition) => {
      log.debug({ partition }, 'projecting a partition');
      const projector = new PartitionProjector({ pool, store, wakeUps, projections, log }, partition);
      // A partition that comes back while its last step is in hand starts after that step.
      const before = this.#stopping.get(partition) ?? Promise.resolve();
      this.#running.set(partition, projector);
      void before.then(() => {
        if (this.#running.get(partition) === projector) projector.start();
      });
    });
    this.#ownership.on('lost', (partition) => {
      const projector = this.#running.get(partition);
      if (!projector) return;
      this.#running.delete(partition);
      const stopped = projector.stop().finally(() => this.#stopping.delete(partition));
      this.#stopping.set(partition, stopped);
    });
    this.#ownership.drained = async (partition) => {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limits.stopTimeoutMs);
      });
      await Promise.race([this.#stopping.get(partition), timeout]);
      clearTimeout(timer);
    };
  }

  start(): void {
    this.#ownership.start();
    this.#reports = setInterval(() => void this.#report(), limits.reportIntervalMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#reports);
    await this.#ownership.close();
  }

  get ownedPartitions(): ReadonlySet<number> {
    return this.#ownership.owned;
  }

  /** What has stopped in this process's partitions. */
  stopped(): { partition: number; projection: string; stopped: Stopped }[] {
    return [...this.#running].flatMap(([partition, projector]) =>
      [...projector.stopped].map(([projection, stopped]) => ({ partition, projection, stopped })),
    );
  }

  /** How many events each projection is behind in this process's partitions: head − checkpoint. */
  lags(): { partition: number; projection: string; lag: number }[] {
    const { heads } = this.#options.wakeUps;
    return [...this.#running].flatMap(([partition, projector]) =>
      [...projector.checkpoints].map(([projection, position]) => ({
        partition,
        projection,
        lag: Math.max(0, (heads.get(partition) ?? 0) - position),
      })),
    );
  }

  /** Tells the queries, which never ask PostgreSQL, how far the log is and what has stopped. */
  async #report(): Promise<void> {
    const { redis, keys, wakeUps, owner, log } = this.#options;
    const commands = [...this.#running].map(([partition, projector]) => {
      const report: PartitionReport = {
        owner,
        head: wakeUps.heads.get(partition) ?? 0,
        stopped: Object.fromEntries(projector.stopped),
        reported_at: new Date().toISOString(),
      };
      return ['SET', keys.report(partition), JSON.stringify(report)] as const;
    });
    await pipeline(redis, commands).catch((error: unknown) => log.debug({ err: error }, 'no report to Redis'));
  }
}
