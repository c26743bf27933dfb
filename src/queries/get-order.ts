import type { Order } from '../orders/order.js';
import { orderJson } from '../orders/order-document.js';
import { orderPartition } from '../orders/values/partition.js';
import { decodeHead, decodeOrder } from '../read-models/encoding/encoded-order.js';
import { damageMark } from '../read-models/order-buckets.js';
import { orderStatus, orderStatusKeys } from '../read-models/order-status.js';
import { OrderDamaged } from '../read-models/read-model-unavailable.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { yieldToEventLoop } from '../yield-to-event-loop.js';
import { fromLive, type ReadModels } from './live-generation.js';

/** Runs the part of a query that may take much memory, when there is room for it. */
export type WhenRoom = <T>(query: () => Promise<T>) => Promise<T>;

/** An order as `GET /orders/{order_id}` shows it. */
export interface ShownOrder {
  readonly json: string;
  readonly version: number;
  /** Whether the read model lacks events of the order, because an operator has skipped one. */
  readonly isDamaged: boolean;
}

/**
 * Returns the current order as JSON text, or undefined if it does not exist, or if it is not of the
 * user. Rejects with OrderDamaged if the read model lacks all of its events.
 * @param user only an order of this user is wanted
 * @param whenRoom reads and shows an order with details of its own: it may take some MiB.
 */
export async function getOrder(
  models: ReadModels,
  orderId: string,
  user?: string,
  whenRoom: WhenRoom = (query) => query(),
): Promise<ShownOrder | undefined> {
  const { text, isDamaged } = await readHead(models, orderId, user === undefined);
  if (text === undefined) return undefined;
  const { order, detailsVersion } = decodeHead(orderId, text);
  if (user !== undefined && order.userId !== user) return undefined;
  return detailsVersion === 0 ? shown(order, isDamaged) : whenRoom(() => readLarge(models, orderId, isDamaged));
}

/** One command reads the order and its details as they are at one moment. */
async function readLarge(models: ReadModels, orderId: string, isDamaged: boolean): Promise<ShownOrder | undefined> {
  const [texts] = await fromLive(models, orderStatus, (live) => {
    const key = orderStatusKeys(live.keys(orderPartition(orderId, models.partitions)));
    const [, details] = key.details(orderId);
    return live.read([['HMGET', ...key.order(orderId), details]]);
  });
  await yieldToEventLoop();
  const [text, details] = texts as (string | null)[];
  return typeof text === 'string' ? shown(decodeOrder(orderId, text, details), isDamaged) : undefined;
}

function shown(order: Order, isDamaged: boolean): ShownOrder {
  const json = orderJson(order);
  return { json: isDamaged ? asDamaged(json) : json, version: order.version, isDamaged };
}

/** Marks the JSON text of an order whose read model lacks events. */
export function asDamaged(json: string): string {
  return `${json.slice(0, -1)},"damaged":true}`;
}

/** Reads the current order without its lines and other details, if they are many. */
export async function getOrderHead(models: ReadModels, orderId: string): Promise<Order | undefined> {
  const { text } = await readHead(models, orderId, false);
  return text === undefined ? undefined : decodeHead(orderId, text).order;
}

/**
 * @param saysDamaged whether to reject with OrderDamaged. The user of such an order is not known.
 */
async function readHead(
  models: ReadModels,
  orderId: string,
  saysDamaged: boolean,
): Promise<{ text?: string; isDamaged: boolean }> {
  const partition = orderPartition(orderId, models.partitions);
  const [text, damagedAt] = await fromLive(models, orderStatus, async (live) => {
    const keys = live.keys(partition);
    const order: RedisCommand = ['HGET', ...orderStatusKeys(keys).order(orderId)];
    const [found, isAnyDamaged] = await live.read([order], live.hasDamaged(partition));
    return isAnyDamaged === 0 ? [found] : live.read([order, ['HGET', ...damageMark(keys, orderId)]]);
  });
  if (typeof text === 'string') return { text, isDamaged: typeof damagedAt === 'string' };
  if (typeof damagedAt === 'string' && saysDamaged)
    throw new OrderDamaged(orderId, models.epochs.format(partition, Number(damagedAt)));
  return { isDamaged: false };
}
