import { type TimeZone, timeZone } from '../orders/values/time-zone.js';
import {
  decodeFigures,
  decodeQuarters,
  emptyFigures,
  type Figures,
  figureFields,
  hourMs,
  mergeFigures,
  metrics,
  metricsKeys,
  quarterMs,
} from '../read-models/metrics.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { TimeSlice } from '../time-slice.js';
import { type Piece, piecesOf, type Range } from './figure-pieces.js';
import type { GenerationReader } from './generation-reader.js';
import { type Interval, intervalEnd, intervalStart } from './intervals.js';
import { queryLimits as limits } from './limits.js';
import { fromLive, type ReadModels } from './live-generation.js';
import { type BucketFigures, type MetricsDocument, metricsDocument } from './metrics-document.js';

const utc = timeZone('UTC');

export interface MetricsQuery {
  readonly currency: string;
  /** Only orders placed at or after this time: milliseconds since 1970, on a quarter of an hour. */
  readonly fromMs?: number;
  /** Only orders placed before this time: milliseconds since 1970, on a quarter of an hour. */
  readonly toMs?: number;
  readonly interval?: Interval;
  /** Whether each amount counts at the time of its event, not at that of the placing. */
  readonly byEvent?: boolean;
  /** The time zone of the intervals; by default UTC. */
  readonly zone?: TimeZone;
}

export type NoMetrics = 'too-many-buckets' | 'boundary-between-quarters';

/**
 * Returns the current figures of the orders of one currency that were placed in a range. The cost
 * depends on the length of the range in months and days, not on the number of orders. Returns
 * 'too-many-buckets' for a series that exceeds `maxSeriesBuckets` or `maxFigureFields`, and
 * 'boundary-between-quarters' if an interval of the zone begins at a time for which there are no
 * figures.
 */
export function getMetrics(models: ReadModels, query: MetricsQuery): Promise<MetricsDocument | NoMetrics> {
  return fromLive(models, metrics, (live) => readMetrics(live, models.partitions, query));
}

/** Reads the figures from a given generation. */
export async function readMetrics(
  generation: GenerationReader,
  partitions: number,
  query: MetricsQuery,
): Promise<MetricsDocument | NoMetrics> {
  const { currency } = query;
  const keyIn: FiguresKey = (partition) => {
    const keys = metricsKeys(generation.keys(partition));
    return query.byEvent ? keys.byEvent(currency) : keys.figures(currency);
  };
  const [total, currencies] = await readTotals(generation, partitions, keyIn);
  const range = rangeOf(query, total);
  const whole = query.fromMs === undefined && query.toMs === undefined;

  let figures = total;
  let series: BucketFigures[] | undefined;
  if (range && (!whole || query.interval)) {
    const buckets = bucketsOf(range, query.interval, query.zone ?? utc);
    if (buckets.length > limits.maxSeriesBuckets) return 'too-many-buckets';
    if (buckets.some(({ from, to }) => from % quarterMs !== 0 || to % quarterMs !== 0))
      return 'boundary-between-quarters';
    const bucketFigures = await readBuckets(generation, partitions, keyIn, buckets);
    if (bucketFigures === 'too-many-buckets') return bucketFigures;
    if (!whole) {
      figures = emptyFigures();
      for (const one of bucketFigures) mergeFigures(figures, one);
    }
    if (query.interval) {
      series = buckets.map(({ start }, index) => ({ start, figures: bucketFigures[index] ?? emptyFigures() }));
    }
  } else if (!range) {
    figures = emptyFigures();
    if (query.interval) series = [];
  }

  const others = currencies.filter((code) => code !== currency).sort();
  return metricsDocument(currency, others, figures, series);
}

interface Bucket {
  /** The start of the calendar interval. */
  readonly start: number;
  /** The part of it that lies in the range. */
  readonly from: number;
  readonly to: number;
}

/** The key of the figures in a partition. */
type FiguresKey = (partition: number) => string;

async function readTotals(
  generation: GenerationReader,
  partitions: number,
  keyIn: FiguresKey,
): Promise<[Figures, string[]]> {
  const commands: RedisCommand[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const keys = metricsKeys(generation.keys(partition));
    commands.push(['HGET', keyIn(partition), figureFields.total], ['SMEMBERS', keys.currencies]);
  }
  const replies = await generation.read(commands);
  const total = emptyFigures();
  const currencies = new Set<string>();
  for (const reply of replies) {
    if (typeof reply === 'string') mergeFigures(total, decodeFigures(reply));
    else if (Array.isArray(reply)) for (const code of reply) currencies.add(String(code));
  }
  return [total, [...currencies]];
}

/** Narrows the requested range to the hours in which orders were placed. */
function rangeOf(query: MetricsQuery, total: Figures): Range | undefined {
  if (total.orders === 0) return undefined;
  const first = total.firstHour * hourMs;
  const end = (total.lastHour + 1) * hourMs;
  const from = Math.max(query.fromMs ?? first, first);
  const to = Math.min(query.toMs ?? end, end);
  return from < to ? { from, to } : undefined;
}

function bucketsOf(range: Range, interval: Interval | undefined, zone: TimeZone): Bucket[] {
  if (!interval) return [{ start: range.from, ...range }];
  const buckets: Bucket[] = [];
  let start = intervalStart(range.from, interval, zone);
  while (start < range.to && buckets.length <= limits.maxSeriesBuckets) {
    const next = intervalEnd(start, interval, zone);
    buckets.push({ start, from: Math.max(start, range.from), to: Math.min(next, range.to) });
    start = next;
  }
  return buckets;
}

/**
 * Reads the figures of each bucket. A field that several buckets need, such as the hour in which
 * one ends and the next begins, is read once.
 */
async function readBuckets(
  generation: GenerationReader,
  partitions: number,
  keyIn: FiguresKey,
  buckets: readonly Bucket[],
): Promise<Figures[] | 'too-many-buckets'> {
  const uses = new Map<string, { readonly piece: Piece; readonly into: Figures }[]>();
  const figures = buckets.map((bucket) => {
    const into = emptyFigures();
    for (const piece of piecesOf(bucket)) {
      const known = uses.get(piece.field);
      if (known) known.push({ piece, into });
      else uses.set(piece.field, [{ piece, into }]);
    }
    return into;
  });
  const fields = [...uses.keys()];
  if (fields.length > limits.maxFigureFields) return 'too-many-buckets';
  const fieldsPerRead = Math.max(1, Math.floor(limits.maxFiguresPerRead / partitions));
  const slice = new TimeSlice();
  for (let at = 0; at < fields.length; at += fieldsPerRead) {
    const names = fields.slice(at, at + fieldsPerRead);
    const commands = Array.from({ length: partitions }, (_, partition): RedisCommand => {
      return ['HMGET', keyIn(partition), ...names];
    });
    const replies = (await generation.read(commands)) as (string | null)[][];
    for (const reply of replies) {
      if (slice.isOver) await slice.yield();
      for (const [nth, text] of reply.entries()) if (text) addField(text, uses.get(names[nth] ?? '') ?? []);
    }
  }
  return figures;
}

function addField(text: string, uses: readonly { readonly piece: Piece; readonly into: Figures }[]): void {
  const [first] = uses;
  if (!first?.piece.part) {
    const figures = decodeFigures(text);
    for (const { piece, into } of uses) mergeFigures(into, figures, piece.sign);
    return;
  }
  const quarters = decodeQuarters(Math.floor(first.piece.part.from / hourMs), text);
  for (const { piece, into } of uses) {
    for (const [quarter, figures] of quarters) {
      const start = quarter * quarterMs;
      if (piece.part && start >= piece.part.from && start < piece.part.to) mergeFigures(into, figures, piece.sign);
    }
  }
}
