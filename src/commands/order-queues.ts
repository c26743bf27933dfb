import { Overloaded } from '../event-log/overloaded.js';
import { commandLimits as limits } from './limits.js';

/**
 * Creates one queue per order. The commands on an order run one after the other in this process, so
 * that their appends do not conflict. Conflicts then come from other processes.
 */
export function createOrderQueues() {
  const queues = new Map<string, { length: number; tail: Promise<unknown> }>();
  return async <T>(orderId: string, task: () => Promise<T>): Promise<T> => {
    const queue = queues.get(orderId) ?? { length: 0, tail: Promise.resolve() };
    if (queue.length >= limits.maxQueuedPerOrder)
      throw new Overloaded('commands on this order', limits.maxQueuedPerOrder);
    queues.set(orderId, queue);
    queue.length += 1;
    const result = queue.tail.then(task);
    queue.tail = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) queues.delete(orderId);
    }
  };
}
