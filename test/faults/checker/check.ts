import { Redis } from 'ioredis';
import type { Findings, HistoryRecord, RecordedRun } from '../history.js';
import { checkAcknowledged } from './acknowledged.js';
import { connectApi } from './api.js';
import { checkChain, partitionOf } from './chain.js';
import { checkCheckpoints } from './checkpoints.js';
import { groupBy } from './group-by.js';
import { checkLinearizable } from './linearizable-orders.js';
import { readLog } from './log.js';
import { Losses } from './losses.js';
import { checkProofs } from './merkle.js';
import { checkMetrics } from './metrics.js';
import { observationsOf } from './observations.js';
import { callsOf, operationsOf } from './operations.js';
import { groupByOrder, statesOf } from './orders.js';
import { findNamesInLog, findNamesInQueries } from './persons.js';
import { checkHistory, checkList, compareOrder } from './read-models.js';
import { checkReads, RedisFaults } from './reads.js';
import { findNamesInRedis } from './redis-names.js';
import type { OrderState } from './state.js';
import { checkStatuses, checkTotals } from './statuses.js';
import { checkStreams } from './streams.js';
import { checkWebhooks } from './webhooks.js';

/** Orders whose history is requested one by one: enough to meet every partition many times. */
const maxHistories = 300;
/** Orders whose proofs are requested: each reads the log. */
const maxProofs = 50;

/** A run that has none of these proves nothing. */
const alwaysChecked = [
  ...['events in the chain', 'done commands', 'orders in responses', 'orders searched', 'streamed changes'],
  ...['deliveries', 'orders in the list', 'histories', 'proofs', 'checkpoints'],
];

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
  const restores = kindOf(run, 'loss');
  const losses = new Losses(restores);
  anomalies.push(...checkChain(log));
  count('events in the chain', log.events.length);

  const calls = callsOf(run.history);
  const orders = groupByOrder(log, operationsOf(calls), (id) => partitionOf(id, log.partitions));
  const seen = groupBy(observationsOf(calls), (one) => one.orderId);
  const faults = new RedisFaults(kindOf(run, 'fault'), restores);
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
    anomalies.push(...checkReads(order, states, seen.get(order.id) ?? [], losses, faults, count));
    anomalies.push(...checkLinearizable(order, states, restores, count));
  }
  anomalies.push(...checkStatuses(calls, restores));
  anomalies.push(...checkTotals(calls, (from, to) => faults.between(from, to)));
  anomalies.push(...checkStreams(kindOf(run, 'stream'), log, restores, count));
  anomalies.push(...checkWebhooks(kindOf(run, 'webhook'), log, count));
  anomalies.push(...(await checkList(api, last)));
  count('orders in the list', last.size);
  const present = orders.filter((order) => last.has(order.id));
  for (const order of present.slice(-maxHistories)) {
    const state = last.get(order.id) as OrderState;
    anomalies.push(...compareOrder(state, await api.get(`/orders/${order.id}`), 'GET /orders/{order_id}'));
    anomalies.push(...(await checkHistory(api, order, state)));
    count('histories');
  }
  const proven = present.slice(-maxProofs);
  anomalies.push(...(await checkProofs(api, log, proven)));
  count('proofs', proven.length);
  anomalies.push(...(await checkMetrics(api, last.values())));
  count('currencies', new Set([...last.values()].map((state) => state.currency)).size);

  const redis = new Redis(run.redisUrl);
  try {
    anomalies.push(...(await checkCheckpoints(redis, log, count)));
    const names = kindOf(run, 'forgotten').flatMap((record) => record.texts);
    anomalies.push(...findNamesInLog(orders, names), ...(await findNamesInQueries(api, names)));
    anomalies.push(...(await findNamesInRedis(redis, names)));
    count('forgotten names', names.length);
  } finally {
    redis.disconnect();
  }
  for (const what of alwaysChecked) if (!checked[what]) anomalies.push(`nothing was checked: no ${what}.`);
  return { anomalies, checked };
}

type Kind = HistoryRecord['kind'];

function kindOf<K extends Kind>(run: RecordedRun, kind: K): Extract<HistoryRecord, { kind: K }>[] {
  return run.history.filter((record): record is Extract<HistoryRecord, { kind: K }> => record.kind === kind);
}
