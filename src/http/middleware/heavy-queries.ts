import type { Context } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import { FairSemaphore } from '../../fair-semaphore.js';
import { httpLimits as limits } from '../limits.js';
import { ownerOf } from '../request/request-budgets.js';

/**
 * The weights of queries, in units of about 4 MiB of memory. A query is weighed by what it may cost
 * at most, before it reads anything.
 */
export const queryWeights = { page: 2, fold: 2, series: 4, diff: 4 } as const;

/**
 * Runs a query whose cost depends on what is stored, such as a page of orders. Few of them run at
 * once; the others wait, and callers take turns. Rejects with Overloaded if too many wait.
 */
export type RunHeavyQuery = <T>(ctx: Context, weight: number, query: () => Promise<T>) => Promise<T>;

export function createHeavyQueries(): RunHeavyQuery {
  const running = new FairSemaphore(limits.maxHeavyQueryWeight);
  return (ctx, weight, query) => {
    if (running.waiting >= limits.maxQueuedHeavyQueries) {
      throw new Overloaded('queued queries', limits.maxQueuedHeavyQueries);
    }
    return running.run(ownerOf(ctx), weight, query);
  };
}
