import { positionsAt } from '../../../event-log/read/positions-at.js';
import type { Projection } from '../../../projections/projection.js';
import { startScratchGeneration } from '../../../projector/dry-run/scratch-generation.js';
import { readEntries, scanGeneration } from '../../../projector/generations/generation-contents.js';
import { exactJson } from '../../../queries/exact-json.js';
import type { GenerationReader } from '../../../queries/generation-reader.js';
import { readMetrics } from '../../../queries/get-metrics.js';
import { queryLimits } from '../../../queries/limits.js';
import { decodeCursor } from '../../../queries/lists/cursor.js';
import { readPage } from '../../../queries/lists/list-orders.js';
import { fromGeneration } from '../../../queries/live-generation.js';
import type { GenerationId } from '../../../read-models/keys.js';
import { metrics } from '../../../read-models/metrics.js';
import { orderStatus } from '../../../read-models/order-status.js';
import type { CommandContext } from '../../connections.js';
import { parseLogPoint, replayWithBar } from './replay-until.js';

/** Prints one JSON text: an entry of a read model, or a response. */
type Emit = (json: string) => void;

/**
 * Prints read models as of a point in time: the responses that queries would have got then, as JSON
 * lines, or as one JSON array.
 */
export async function showUntil(
  context: CommandContext,
  chosen: readonly Projection[],
  untilText: string,
  asArray: boolean,
): Promise<void> {
  const { pool, settings, openEvents, terminal } = context;
  let isFirst = true;
  const emit: Emit = (json) => {
    terminal.print(asArray ? `${isFirst ? '[' : ','}${json}` : json);
    isFirst = false;
  };
  const until = await positionsAt(pool, parseLogPoint(untilText, settings));
  for (const projection of chosen) {
    const scratch = await startScratchGeneration({ ...context, open: openEvents }, projection);
    try {
      await replayWithBar(scratch, until, terminal);
      await show(context, scratch.id, emit);
      await scratch.checkKept();
    } finally {
      await scratch.discard();
    }
  }
  if (asArray) terminal.print(isFirst ? '[]' : ']');
}

async function show(context: CommandContext, id: GenerationId, emit: Emit): Promise<void> {
  const generation = fromGeneration(context.models, id);
  if (id.name === metrics.name) await showMetrics(context, generation, emit);
  else if (id.name === orderStatus.name) await showOrders(context, generation, emit);
  else await showKeys(context, id, emit);
}

async function showMetrics(
  { config, settings }: CommandContext,
  generation: GenerationReader,
  emit: Emit,
): Promise<void> {
  const { partitions } = settings;
  const main = await readMetrics(generation, partitions, { currency: config.defaultCurrency });
  emit(exactJson(main));
  const others = typeof main === 'string' ? [] : main.other_currencies;
  for (const currency of others) emit(exactJson(await readMetrics(generation, partitions, { currency })));
}

async function showOrders({ settings }: CommandContext, generation: GenerationReader, emit: Emit): Promise<void> {
  let after: string | undefined;
  do {
    const page = await readPage(generation, settings.partitions, {}, queryLimits.maxPageSize, after);
    for (const order of page.orders) emit(order);
    after = page.nextCursor === null ? undefined : decodeCursor(page.nextCursor, {});
  } while (after !== undefined);
}

/** Prints each key of a read model that no query lists as a whole. */
async function showKeys({ redis, keys }: CommandContext, id: GenerationId, emit: Emit): Promise<void> {
  for await (const found of scanGeneration(redis, keys, id)) {
    const contents = await readEntries(
      redis,
      found.map(({ partition, key }) => keys.partition(id, partition)(key)),
    );
    for (const [index, { partition, key }] of found.entries()) {
      const values = [...(contents[index] ?? [])].map(([name, text]) => [name, jsonOrText(text)]);
      emit(JSON.stringify({ projection: id.name, partition, key, entries: Object.fromEntries(values) }));
    }
  }
}

function jsonOrText(text: string): unknown {
  return /^[[{]/.test(text) ? JSON.parse(text) : text;
}
