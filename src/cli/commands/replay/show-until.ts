import { positionsAt } from '../../../event-log/read/positions-at.js';
import type { Projection } from '../../../projections/projection.js';
import { startScratchGeneration } from '../../../projector/dry-run/scratch-generation.js';
import { byPartition, scanGeneration } from '../../../projector/generations/generation-contents.js';
import { type KeyPage, keyReader } from '../../../projector/generations/key-pages.js';
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

/**
 * Writes one JSON text piece by piece: a key of a read model, or a response.
 * @returns false once nobody reads standard output
 */
type Emit = (pieces: Iterable<string> | AsyncIterable<string>) => Promise<boolean>;

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
  const emit: Emit = async (pieces) => {
    if (asArray) await terminal.write(isFirst ? '[' : ',');
    isFirst = false;
    for await (const piece of pieces) if (!(await terminal.write(piece))) return false;
    return terminal.write('\n');
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
  await emit([exactJson(main)]);
  const others = typeof main === 'string' ? [] : main.other_currencies;
  for (const currency of others) await emit([exactJson(await readMetrics(generation, partitions, { currency }))]);
}

async function showOrders({ settings }: CommandContext, generation: GenerationReader, emit: Emit): Promise<void> {
  let after: string | undefined;
  do {
    const page = await readPage(generation, settings.partitions, {}, queryLimits.maxPageSize, after);
    for (const order of page.orders) if (!(await emit([order]))) return;
    after = page.nextCursor === null ? undefined : decodeCursor(page.nextCursor, {});
  } while (after !== undefined);
}

/** Writes each key of a read model that no query lists as a whole. */
async function showKeys({ redis, keys }: CommandContext, id: GenerationId, emit: Emit): Promise<void> {
  const reader = keyReader(redis);
  for await (const found of scanGeneration(redis, keys, id)) {
    for (const [partition, ofPartition] of byPartition(found)) {
      const nameOf = keys.partition(id, partition);
      for (let at = 0; at < ofPartition.length; ) {
        const firstPages = await reader.firstPages(ofPartition.slice(at).map((key) => nameOf(key)));
        for (const [nth, first] of firstPages.entries()) {
          const key = ofPartition[at + nth] ?? '';
          const pages = reader.pages(nameOf(key), first);
          if (!(await emit(keyJson({ projection: id.name, partition, key }, pages)))) return;
        }
        at += firstPages.length;
      }
    }
  }
}

/** The JSON of a key with its entries, page by page: a key may have any number of bytes. */
async function* keyJson(head: object, pages: AsyncIterable<KeyPage>): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"entries":{`;
  // Two pages may have the same entry.
  const seen = new Set<string>();
  for await (const page of pages) {
    let piece = '';
    page.forEach((entry, text) => {
      if (seen.has(entry)) return;
      piece += `${seen.size === 0 ? '' : ','}${JSON.stringify(entry)}:${JSON.stringify(jsonOrText(text))}`;
      seen.add(entry);
    });
    yield piece;
  }
  yield '}}';
}

function jsonOrText(text: string): unknown {
  return /^[[{]/.test(text) ? JSON.parse(text) : text;
}
