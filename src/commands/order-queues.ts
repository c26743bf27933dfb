import { Overloaded } from '../event-log/overloaded.js';
import { commandLimits as limits } from './limits.js';

/**
 * Commands on one order take turns within this process, so that they don't run into each other's appends: conflicts are
 * left to commands of other processes.
 */
export function createOrderQueues() {
  const queues = new Map<string, { length: number; tail: Promise<unknown> }>();
  return async <T>(orderId: string, task: () => Promise<T>): Promise<T> => {
    const queue = queues.get(orderId) ?? { length: 0, tail: Promise.resolve() };
    if (queue.length >= limits.maxQueuedPerOrder)
      throw new Overloaded('commands on this order', limits.maxQueuedPerOrder);
    queues.set(orderId, queue);
    queue.length += 1;
    const turn = queue.tail.then(task);
    queue.tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) queues.delete(orderId);
    }
  };
}
