import { Redis } from 'ioredis';
import type { Findings, LossRecord, RecordedRun } from '../history.js';
import { checkAcknowledged } from './acknowledged.js';
import { connectApi } from './api.js';
import { checkChain, partitionOf } from './chain.js';
import { checkCheckpoints } from './checkpoints.js';
import { readLog } from './log.js';
import { Losses } from './losses.js';
import { checkMetrics } from './metrics.js';
import { callsOf, operationsOf } from './operations.js';
import { groupByOrder, statesOf } from './orders.js';
import { checkHistory, checkList, compareOrder } from './read-models.js';
import type { OrderState } from './state.js';

/** Orders whose history is requested one by one: enough to meet every partition many times. */
const maxHistories = 300;

/**
 * Decides whether a run kept the promises of the service. Shares no code with it: the rules, the
 * fold and the hashes are written from docs/. The service must be at rest.
 */
export async function check(run: RecordedRun): Promise<Findings> {
  const anomalies: string[] = [];
  const checked: Record<string, number> = {};
  const count = (what: string, by = 1) => {
    checked[what] = (checked[what] ?? 0) + by;
  };
  const log = await readLog(run.databaseUrl);
  const api = connectApi(run.baseUrl, run.apiKey);
  const losses = new Losses(run.history.filter((record): record is LossRecord => record.kind === 'loss'));
  anomalies.push(...checkChain(log));
  count('events in the chain', log.events.length);

  const operations = operationsOf(callsOf(run.history));
  const orders = groupByOrder(log, operations, (id) => partitionOf(id, log.partitions));
  const last = new Map<string, OrderState>();
  for (const order of orders) {
    let states: OrderState[];
    try {
      states = statesOf(order);
    } catch (error) {
      anomalies.push(`order ${order.id} cannot be folded: ${error instanceof Error ? error.message : error}.`);
      continue;
    }
    const state = states.at(-1);
    if (state) last.set(order.id, state);
    anomalies.push(...checkAcknowledged(order, states, losses, count));
  }

  anomalies.push(...(await checkList(api, last)));
  count('orders in the list', last.size);
  for (const order of orders.slice(-maxHistories)) {
    const state = last.get(order.id);
    if (!state) continue;
    anomalies.push(...compareOrder(state, await api.get(`/orders/${order.id}`), 'GET /orders/{order_id}'));
    anomalies.push(...(await checkHistory(api, order, state)));
    count('histories');
  }
  anomalies.push(...(await checkMetrics(api, last.values())));
  count('currencies', new Set([...last.values()].map((state) => state.currency)).size);

  const redis = new Redis(run.redisUrl);
  try {
    anomalies.push(...(await checkCheckpoints(redis, log, count)));
  } finally {
    redis.disconnect();
  }
  return { anomalies, checked };
}
