import { type LogPoint, positionsAt } from '../../../event-log/read/positions-at.js';
import { parseRfc3339 } from '../../../http/request/rfc3339.js';
import type { Projection } from '../../../projections/projection.js';
import { compareGenerations } from '../../../projector/dry-run/compare-generations.js';
import { startScratchGeneration } from '../../../projector/dry-run/scratch-generation.js';
import { createCheckpointFreeze } from '../../../projector/generations/checkpoint-freeze.js';
import { positionsOf, readEntries, scanGeneration } from '../../../projector/generations/generation-contents.js';
import { decodeCursor } from '../../../queries/cursor.js';
import { exactJson } from '../../../queries/exact-json.js';
import { readMetrics } from '../../../queries/get-metrics.js';
import { queryLimits } from '../../../queries/limits.js';
import { readPage } from '../../../queries/list-orders.js';
import { fromGeneration, lookUpServed } from '../../../queries/live-generation.js';
import type { GenerationId } from '../../../read-models/keys.js';
import { metrics } from '../../../read-models/metrics.js';
import { orderStatus } from '../../../read-models/order-status.js';
import type { OpenLog } from '../../connections.js';
import { UsageError } from '../../terminal/errors.js';
import { ProgressBar } from '../../terminal/progress-bar.js';

/** Builds a generation of each projection, compares it with the live one, reports every difference, and discards it. */
export async function dryRun(
  open: OpenLog,
  chosen: readonly Projection[],
  untilText: string | undefined,
): Promise<void> {
  const { redis, keys, settings, models } = open;
  const until =
    untilText === undefined ? undefined : await positionsAt(open.pool, pointOf(untilText, settings.partitions));
  for (const projection of chosen) {
    const { name } = projection;
    const { generation } = await lookUpServed(models, projection);
    const live = { name, generation };
    const replay = await startScratchGeneration(open, projection);
    try {
      const positions = until ?? new Map((await positionsOf(redis, keys, live, settings.partitions)).entries());
      await replayWithBar(replay.replayTo, positions);
      let differences = 0;
      const compared = await compareGenerations({
        redis,
        keys,
        checkpointFreeze: createCheckpointFreeze(redis, keys),
        projection,
        live,
        rebuilt: replay.id,
        advanceTo: until ? undefined : (partition, position) => replay.replayTo(new Map([[partition, position]])),
        onDifference: ({ orderId, key, field, live: before, rebuilt }) => {
          differences += 1;
          const where = [orderId ? `order ${orderId}` : key, field].filter(Boolean).join('  ');
          console.log(`${name}  ${where}  live ${before ?? 'nothing'}  rebuilt ${rebuilt ?? 'nothing'}`);
        },
      });
      const found = differences === 0 ? 'no difference' : `${differences.toLocaleString('en')} differences`;
      console.log(`${name}: ${compared.toLocaleString('en')} keys compared with generation ${generation}, ${found}`);
      if (differences > 0) process.exitCode = 3;
    } finally {
      await replay.discard();
    }
  }
}

/** Shows read models as they were at a point in time: what the queries would have answered then, as JSON lines. */
export async function replayUntil(open: OpenLog, chosen: readonly Projection[], untilText: string): Promise<void> {
  const until = await positionsAt(open.pool, pointOf(untilText, open.settings.partitions));
  for (const projection of chosen) {
    const replay = await startScratchGeneration(open, projection);
    try {
      await replayWithBar(replay.replayTo, until);
      await show(open, replay.id);
    } finally {
      await replay.discard();
    }
  }
}

async function replayWithBar(
  replayTo: (until: ReadonlyMap<number, number>, onProgress: (done: number, total: number) => void) => Promise<void>,
  until: ReadonlyMap<number, number>,
): Promise<void> {
  const bar = new ProgressBar('events');
  try {
    await replayTo(until, (done, total) => bar.update(total === 0 ? 1 : done / total, done));
  } finally {
    bar.end();
  }
}

async function show({ models, redis, keys, config, settings }: OpenLog, id: GenerationId): Promise<void> {
  const generation = fromGeneration(models, id);
  const { partitions } = settings;
  if (id.name === metrics.name) {
    const main = await readMetrics(generation, partitions, { currency: config.defaultCurrency });
    console.log(exactJson(main));
    const others = (main as { other_currencies: string[] }).other_currencies;
    for (const currency of others) console.log(exactJson(await readMetrics(generation, partitions, { currency })));
  } else if (id.name === orderStatus.name) {
    let after: string | undefined;
    do {
      const page = await readPage(generation, partitions, {}, queryLimits.maxPageSize, after);
      for (const order of page.orders) console.log(JSON.stringify(order));
      after = page.next_cursor === null ? undefined : decodeCursor(page.next_cursor, {});
    } while (after !== undefined);
  } else {
    // No query lists these: each key as it is.
    for await (const found of scanGeneration(redis, keys, id)) {
      const contents = await readEntries(
        redis,
        found.map(({ partition, key }) => keys.partition(id, partition)(key)),
      );
      for (const [index, { partition, key }] of found.entries()) {
        const values = [...(contents[index] ?? [])].map(([name, text]) => [name, jsonOrText(text)]);
        console.log(JSON.stringify({ projection: id.name, partition, key, entries: Object.fromEntries(values) }));
      }
    }
  }
}

function jsonOrText(text: string): unknown {
  return /^[[{]/.test(text) ? JSON.parse(text) : text;
}

function pointOf(text: string, partitions: number): LogPoint {
  const [, partition, position] = (/^(\d{1,4}):(\d{1,15})$/.exec(text) ?? []).map(Number);
  if (partition !== undefined && position !== undefined && partition < partitions) return { partition, position };
  const ms = parseRfc3339(text);
  if (ms === undefined)
    throw new UsageError('--until TIME|PLACE: an RFC 3339 time, or PARTITION:POSITION as Event-Position gives it');
  return { at: new Date(ms).toISOString() };
}
