import { type TimeZone, timeZone } from '../orders/values/time-zone.js';
import { figureFields, hourMs, monthAt, partRanges, quarterMs, type Range } from '../read-models/figure-fields.js';
import { addEncoded, emptyFigures, encodedParts, type Figures } from '../read-models/figures.js';
import { metrics, metricsKeys } from '../read-models/metrics.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { TimeSlice } from '../yield-to-event-loop.js';
import { type Piece, piecesOf } from './figure-pieces.js';
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
  if (!range) {
    figures = emptyFigures();
    if (query.interval) series = [];
  } else if (!whole || query.interval) {
    const buckets = query.interval ? bucketsOf(query, range, query.interval) : [];
    if (buckets.length > limits.maxSeriesBuckets) return 'too-many-buckets';
    if (buckets.some(({ from, to }) => from % quarterMs !== 0 || to % quarterMs !== 0))
      return 'boundary-between-quarters';
    const wanted: Wanted[] = buckets.map((bucket) => ({ range: bucket, durations: 'without durations' }));
    if (!whole) wanted.push({ range: ofWholeMonths(query, range), durations: 'with durations' });
    const found = await readFigures(generation, partitions, keyIn, wanted, range);
    if (found === 'too-many-buckets') return found;
    if (!whole) figures = found.at(-1) ?? emptyFigures();
    if (query.interval)
      series = buckets.map(({ start }, index) => ({ start, figures: found[index] ?? emptyFigures() }));
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
    if (typeof reply === 'string') {
      for (const [, values] of encodedParts(reply)) addEncoded(total, values, 'with durations');
    } else if (Array.isArray(reply)) for (const code of reply) currencies.add(String(code));
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

/**
 * Widens the range to what was asked for, or to whole months beyond the orders: it then needs fewer
 * fields.
 */
function ofWholeMonths({ fromMs, toMs }: MetricsQuery, range: Range): Range {
  const [first, last] = [monthAt(range.from).from, monthAt(range.to - 1).to];
  return { from: Math.max(fromMs ?? first, first), to: Math.min(toMs ?? last, last) };
}

/** The calendar intervals that have a part of the range, within what was asked for. */
function bucketsOf({ fromMs, toMs, zone = utc }: MetricsQuery, range: Range, interval: Interval): Bucket[] {
  const buckets: Bucket[] = [];
  let start = intervalStart(range.from, interval, zone);
  while (start < range.to && buckets.length <= limits.maxSeriesBuckets) {
    const next = intervalEnd(start, interval, zone);
    buckets.push({ start, from: Math.max(start, fromMs ?? start), to: Math.min(next, toMs ?? next) });
    start = next;
  }
  return buckets;
}

/** A range whose figures are wanted. */
interface Wanted {
  readonly range: Range;
  readonly durations: 'with durations' | 'without durations';
}

/** The use of a field: its parts in a range are added to some figures. */
interface Use {
  readonly piece: Piece;
  readonly into: Figures;
  readonly durations: Wanted['durations'];
}

/**
 * Reads the figures of ranges. A field that several of them need, such as the day in which one ends
 * and the next begins, is read once.
 * @param counted the range that has orders: fields beside it are not read.
 */
async function readFigures(
  generation: GenerationReader,
  partitions: number,
  keyIn: FiguresKey,
  wanted: readonly Wanted[],
  counted: Range,
): Promise<Figures[] | 'too-many-buckets'> {
  const uses = new Map<string, Use[]>();
  const use = (field: string, one: Use) => {
    const known = uses.get(field);
    if (known) known.push(one);
    else uses.set(field, [one]);
  };
  const isCounted = ({ from, to }: Range) => to > counted.from && from < counted.to;
  const figures = wanted.map(() => emptyFigures());
  const all = wanted.flatMap(({ range, durations }, index) =>
    piecesOf(range).flatMap((piece): Use[] => {
      const into = figures[index];
      return into && isCounted(piece) ? [{ piece, into, durations }] : [];
    }),
  );
  const ofSeries = new Set(all.map(({ piece }) => piece.field));
  /** Pieces that two fields have. */
  const flexible: Use[] = [];
  for (const one of all) {
    const { piece } = one;
    const days = piece.days?.filter(isCounted);
    if (days?.every(({ field }) => ofSeries.has(field))) {
      for (const day of days) use(day.field, { ...one, piece: day });
    } else if (piece.otherField === undefined) use(piece.field, one);
    else flexible.push(one);
  }
  for (const one of flexible) {
    const { field, otherField = field } = one.piece;
    use(!uses.has(field) && uses.has(otherField) ? otherField : field, one);
  }
  if (uses.size > limits.maxFigureFields) return 'too-many-buckets';
  const fields = [...uses].map(([field, ofField]) => ({ field, ranges: partRanges(field), uses: ofField }));
  const fieldsPerRead = Math.max(1, Math.floor(limits.maxFiguresPerRead / partitions));
  const slice = new TimeSlice();
  for (let at = 0; at < fields.length; at += fieldsPerRead) {
    const some = fields.slice(at, at + fieldsPerRead);
    const names = some.map(({ field }) => field);
    const commands = Array.from({ length: partitions }, (_, partition): RedisCommand => {
      return ['HMGET', keyIn(partition), ...names];
    });
    const replies = (await generation.read(commands)) as (string | null)[][];
    for (const reply of replies) {
      for (const [nth, text] of reply.entries()) {
        if (slice.isOver) await slice.yield();
        const { ranges = [], uses: ofField = [] } = some[nth] ?? {};
        if (text) addField(text, ranges, ofField);
      }
    }
  }
  return figures;
}

/** Adds the parts of a field to the figures that need them. */
function addField(text: string, ranges: readonly Range[], uses: readonly Use[]): void {
  for (const [part, values] of encodedParts(text)) {
    const range = ranges[part];
    if (!range) throw new Error(`a field of the metrics has a part ${part}`);
    for (const { piece, into, durations } of uses)
      if (range.from >= piece.from && range.to <= piece.to) addEncoded(into, values, durations);
  }
}
