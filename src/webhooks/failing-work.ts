import type { FailureLog } from '../failure-log.js';
import type { Delivery } from './deliveries.js';

/** The number of a partition that is worked on, or a delivery whose result is recorded. */
type Work = number | Delivery;

/**
 * The work of one deliverer that fails, and its failure log. While one partition or delivery fails
 * again and again, others succeed, such as those on another server of a distributed database. The
 * failure is over once nothing fails.
 */
export class FailingWork {
  readonly #log: Pick<FailureLog, 'failed' | 'succeeded'>;
  readonly #failing = new Set<Work>();

  constructor(log: Pick<FailureLog, 'failed' | 'succeeded'>) {
    this.#log = log;
  }

  /** The work has failed, and is tried again. */
  failed(work: Work, error: unknown): void {
    this.#failing.add(work);
    this.#log.failed(error);
  }

  /** Something has failed that is not itself tried again, such as a round. */
  failedOnce(error: unknown): void {
    this.#log.failed(error);
  }

  /** The work has succeeded, or is given up. */
  ended(work: Work): void {
    this.#failing.delete(work);
  }

  /** A round has succeeded. It may have passed over work that fails. */
  roundSucceeded(): void {
    if (this.#failing.size === 0) this.#log.succeeded();
  }
}
