import {
  dayMs,
  decodeFigures,
  emptyFigures,
  type Figures,
  figureFields,
  hourMs,
  mergeFigures,
  metrics,
  metricsKeys,
} from '../read-models/metrics.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { TimeSlice } from '../time-slice.js';
import type { GenerationReader } from './generation-reader.js';
import { type Interval, intervalEnd, intervalStart } from './intervals.js';
import { queryLimits as limits } from './limits.js';
import { fromLive, type ReadModels } from './live-generation.js';
import { type BucketFigures, type MetricsDocument, metricsDocument } from './metrics-document.js';

export interface MetricsQuery {
  readonly currency: string;
  /** Only orders placed at or after this time: milliseconds since 1970, on the full hour. */
  readonly fromMs?: number;
  /** Only orders placed before this time: milliseconds since 1970, on the full hour. */
  readonly toMs?: number;
  readonly interval?: Interval;
}

/**
 * Returns the current figures of the orders of one currency that were placed in a range. The cost
 * depends on the length of the range in months and days, not on the number of orders. Returns
 * 'too-many-buckets' for a series that exceeds `maxSeriesBuckets` or `maxFigureFields`.
 */
export function getMetrics(models: ReadModels, query: MetricsQuery): Promise<MetricsDocument | 'too-many-buckets'> {
  return fromLive(models, metrics, (live) => readMetrics(live, models.partitions, query));
}

/** Reads the figures from a given generation. */
export async function readMetrics(
  generation: GenerationReader,
  partitions: number,
  query: MetricsQuery,
): Promise<MetricsDocument | 'too-many-buckets'> {
  const { currency } = query;
  const [total, currencies] = await readTotals(generation, partitions, currency);
  const range = rangeOf(query, total);
  const whole = query.fromMs === undefined && query.toMs === undefined;

  let figures = total;
  let series: BucketFigures[] | undefined;
  if (range && (!whole || query.interval)) {
    const buckets = bucketsOf(range, query.interval);
    if (buckets.length > limits.maxSeriesBuckets) return 'too-many-buckets';
    const bucketFigures = await readBuckets(generation, partitions, currency, buckets);
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

async function readTotals(
  generation: GenerationReader,
  partitions: number,
  currency: string,
): Promise<[Figures, string[]]> {
  const commands: RedisCommand[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const keys = metricsKeys(generation.keys(partition));
    commands.push(['HGET', keys.figures(currency), figureFields.total], ['SMEMBERS', keys.currencies]);
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
function rangeOf(query: MetricsQuery, total: Figures): { from: number; to: number } | undefined {
  if (total.orders === 0) return undefined;
  const first = total.firstHour * hourMs;
  const end = (total.lastHour + 1) * hourMs;
  const from = Math.max(query.fromMs ?? first, first);
  const to = Math.min(query.toMs ?? end, end);
  return from < to ? { from, to } : undefined;
}

function bucketsOf(range: { from: number; to: number }, interval: Interval | undefined): Bucket[] {
  if (!interval) return [{ start: range.from, ...range }];
  const buckets: Bucket[] = [];
  let start = intervalStart(range.from, interval);
  while (start < range.to && buckets.length <= limits.maxSeriesBuckets) {
    const next = intervalEnd(start, interval);
    buckets.push({ start, from: Math.max(start, range.from), to: Math.min(next, range.to) });
    start = next;
  }
  return buckets;
}

/**
 * Reads the figures of each bucket: whole months and days from their own figures, the rest from
 * hours.
 */
async function readBuckets(
  generation: GenerationReader,
  partitions: number,
  currency: string,
  buckets: readonly Bucket[],
): Promise<Figures[] | 'too-many-buckets'> {
  const fields = buckets.flatMap((bucket, index) => fieldsOf(bucket).map((field) => ({ field, index })));
  if (fields.length > limits.maxFigureFields) return 'too-many-buckets';
  const figures = buckets.map(() => emptyFigures());
  const fieldsPerRead = Math.max(1, Math.floor(limits.maxFiguresPerRead / partitions));
  const slice = new TimeSlice();
  for (let at = 0; at < fields.length; at += fieldsPerRead) {
    const part = fields.slice(at, at + fieldsPerRead);
    const names = part.map(({ field }) => field);
    const commands = Array.from({ length: partitions }, (_, partition): RedisCommand => {
      const key = metricsKeys(generation.keys(partition)).figures(currency);
      return ['HMGET', key, ...names];
    });
    const replies = (await generation.read(commands)) as (string | null)[][];
    for (const reply of replies) {
      if (slice.isOver) await slice.yield();
      for (const [nth, text] of reply.entries()) {
        const into = figures[part[nth]?.index ?? -1];
        if (text && into) mergeFigures(into, decodeFigures(text));
      }
    }
  }
  return figures;
}

function fieldsOf({ from, to }: Bucket): string[] {
  const fields: string[] = [];
  let at = from;
  while (at < to) {
    const monthEnd = intervalEnd(at, 'month');
    if (intervalStart(at, 'month') === at && monthEnd <= to) {
      fields.push(figureFields.month(at));
      at = monthEnd;
    } else if (at % dayMs === 0 && at + dayMs <= to) {
      fields.push(figureFields.day(at));
      at += dayMs;
    } else {
      fields.push(figureFields.hour(at));
      at += hourMs;
    }
  }
  return fields;
}
