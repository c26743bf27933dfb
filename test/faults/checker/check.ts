import { Redis } from 'ioredis';
import type { FaultRecord, Findings, ForgottenRecord, HistoryRecord, RecordedRun } from '../history.js';
import { checkAcknowledged } from './acknowledged.js';
import { connectApi } from './api.js';
import { checkChain, partitionOf } from './chain.js';
import { checkCheckpoints } from './checkpoints.js';
import { findNamesInFolder, namesInFile } from './files.js';
import { groupBy } from './group-by.js';
import { checkLinearizable } from './linearizable-orders.js';
import { readLog } from './log.js';
import { Losses } from './losses.js';
import { checkProofs } from './merkle.js';
import { checkMetrics } from './metrics.js';
import { observationsOf } from './observations.js';
import { callsOf, operationsOf } from './operations.js';
import { groupByOrder, shownEvents, statesOf } from './orders.js';
import { findErasedOrders, findNamesInLog, findNamesInQueries } from './persons.js';
import { checkHistory, checkList, compareOrder } from './read-models.js';
import { checkReads, RedisFaults } from './reads.js';
import { findNamesInRedis } from './redis-names.js';
import type { OrderState } from './state.js';
import { checkStatuses } from './statuses.js';
import { checkStreams } from './streams.js';
import { checkTotals } from './totals.js';
import { checkWebhooks } from './webhooks.js';

/** Orders whose history is requested one by one: enough to meet every partition many times. */
const maxHistories = 300;
/** Orders whose proofs are requested: each reads the log. */
const maxProofs = 50;

/** A run that has none of these proves nothing. */
const alwaysChecked = [
  ...['events in the chain', 'done commands', 'orders in responses', 'orders searched', 'streamed changes'],
  ...['deliveries', 'orders in the list', 'histories', 'proofs', 'checkpoints', 'statuses', 'reads with a position'],
];

/**
 * Decides whether a run kept the promises of the service. Shares no code with it: the rules, the
 * fold and the hashes are written from docs/. The service must be at rest.
 */
export async function check(recorded: RecordedRun): Promise<Findings> {
  const { run, planted } = withoutPlanted(recorded);
  const anomalies: string[] = [];
  const checked: Record<string, number> = {};
  const count = (what: string, by = 1) => {
    checked[what] = (checked[what] ?? 0) + by;
  };
  /** A check that cannot be done, for example because a response is no JSON, is an anomaly too. */
  const attempt = async (what: string, task: () => readonly string[] | Promise<readonly string[]>) => {
    try {
      anomalies.push(...(await task()));
    } catch (error) {
      anomalies.push(`${what} could not be checked: ${error instanceof Error ? error.message : error}.`);
    }
  };
  const log = await readLog(run.databaseUrl);
  const api = connectApi(run.baseUrl, run.apiKey);
  const restores = kindOf(run, 'loss');
  const losses = new Losses(restores);
  await attempt('the chain', () => checkChain(log));
  count('events in the chain', log.events.length);

  const calls = callsOf(run.history);
  const all = groupByOrder(log, operationsOf(calls), (id) => partitionOf(id, log.partitions));
  const orders = all.filter(({ id }) => !planted.has(id));
  const seen = groupBy(observationsOf(calls), (one) => one.orderId);
  const injected = kindOf(run, 'fault');
  const faults = new RedisFaults(injected, restores);
  const last = new Map<string, OrderState>();
  for (const order of orders) {
    await attempt(`order ${order.id}`, () => {
      const states = statesOf(order);
      const state = states.at(-1);
      if (state) last.set(order.id, state);
      return [
        ...checkAcknowledged(order, states, losses, count),
        ...checkReads(order, states, seen.get(order.id) ?? [], losses, faults, count),
        ...checkLinearizable(order, states, restores, count),
      ];
    });
  }
  await attempt('the statuses', () => checkStatuses(calls, losses, injected));
  count('statuses', calls.length);
  await attempt('the totals', () => checkTotals(calls, (from, to) => faults.between(from, to)));
  const shown = shownEvents(orders);
  await attempt('the streams', () => checkStreams(kindOf(run, 'stream'), shown, losses, count));
  const webhook = { shown, logId: log.id, losses, secret: run.webhookSecret };
  await attempt('the webhook', () => checkWebhooks(kindOf(run, 'webhook'), webhook, count));
  await attempt('the list', () => checkList(api, last));
  count('orders in the list', last.size);
  const present = orders.filter((order) => last.has(order.id));
  await attempt('the histories', async () => {
    const found: string[] = [];
    for (const order of present.slice(-maxHistories)) {
      const state = last.get(order.id) as OrderState;
      found.push(...compareOrder(state, await api.get(`/orders/${order.id}`), 'GET /orders/{order_id}'));
      found.push(...(await checkHistory(api, order, state)));
      count('histories');
    }
    return found;
  });
  const proven = present.slice(-maxProofs);
  await attempt('the proofs', () => checkProofs(api, log, proven));
  count('proofs', proven.length);
  await attempt('the metrics', () => checkMetrics(api, last.values()));
  count('currencies', new Set([...last.values()].map((state) => state.currency)).size);

  const forgotten = kindOf(run, 'forgotten');
  const names = forgotten.flatMap((record) => record.texts);
  count('forgotten names', names.length);
  await attempt('forgotten names', async () => [
    ...findNamesInLog(orders, names),
    ...(await findNamesInQueries(api, names)),
    ...(await findErasedOrders(api, orders, count)),
  ]);
  const redis = new Redis(run.redisUrl);
  redis.on('error', () => undefined);
  try {
    await attempt('the checkpoints', () => checkCheckpoints(redis, log, count));
    await attempt('forgotten names in Redis', () => findNamesInRedis(redis, names));
    const inFiles = namesNotCopied(forgotten, injected);
    count('forgotten names in files of Redis', inFiles.length);
    await attempt('the files of Redis', () => findNamesInFolder('a file of Redis', run.folders.redis, inFiles));
    await attempt('the files of PostgreSQL', () =>
      findNamesInFolder('a file of PostgreSQL', run.folders.postgres, names),
    );
    await attempt('the heaps', async () => {
      const found: string[] = [];
      for (const { process, file } of run.heaps) {
        count('heaps');
        for (const name of await namesInFile(file, names))
          found.push(`the heap of ${process}, ${file}, has the forgotten name ${name}.`);
      }
      return found;
    });
  } finally {
    redis.disconnect();
  }
  for (const what of alwaysChecked) if (!checked[what]) anomalies.push(`nothing was checked: no ${what}.`);
  return { anomalies, checked };
}

/**
 * The names that no file of Redis may have. An older copy of its files, and the files of a replica,
 * still have those that were forgotten before (docs/privacy.md).
 */
function namesNotCopied(forgotten: readonly ForgottenRecord[], faults: readonly FaultRecord[]): string[] {
  const copied = faults.filter(({ name }) => /older Redis|fail over Redis/.test(name));
  const last = Math.max(0, ...copied.map(({ at, readyAt }) => readyAt ?? at));
  return forgotten.filter(({ at }) => at > last).flatMap(({ texts }) => texts);
}

/**
 * The run without the messages about orders that the harness has planted: what is shown of them
 * depends on the event that no fold accepts.
 */
function withoutPlanted(run: RecordedRun): { run: RecordedRun; planted: ReadonlySet<string> } {
  const planted = new Set(kindOf(run, 'planted').map(({ orderId }) => orderId));
  const isOther = (record: HistoryRecord) =>
    !(record.kind === 'stream' && planted.has(String((record.data as { order_id?: string } | null)?.order_id))) &&
    !(record.kind === 'webhook' && [...planted].some((id) => record.body.includes(id)));
  return { run: { ...run, history: run.history.filter(isOther) }, planted };
}

type Kind = HistoryRecord['kind'];

function kindOf<K extends Kind>(run: RecordedRun, kind: K): Extract<HistoryRecord, { kind: K }>[] {
  return run.history.filter((record): record is Extract<HistoryRecord, { kind: K }> => record.kind === kind);
}
