/** The finest figures. The boundaries of all time zones of today are on quarters of an hour. */
export const quarterMs = 900_000;
export const hourMs = 4 * quarterMs;
export const dayMs = 24 * hourMs;
/** A day has twelve blocks. */
export const blockMs = 2 * hourMs;
const blocksPerDay = dayMs / blockMs;

/** A range of time on quarters of an hour of UTC. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The fields of the figures, with numbers from 1970, in UTC. Each holds its figures in parts, so
 * that a boundary in the middle of a day costs one field more than one at midnight:
 *
 * - `block`: two hours, by quarter of an hour,
 * - `day`: by block,
 * - `month`: its first twelve hours and its last fourteen by block, and the rest as one part. Local
 *   months of zones from 12 hours behind UTC to 14 ahead of it begin at one of these blocks, or
 *   within it.
 */
export const figureFields = {
  total: 'total',
  month: (ms: number) => `month:${monthOf(ms)}`,
  day: (ms: number) => `day:${Math.floor(ms / dayMs)}`,
  block: (ms: number) => `block:${Math.floor(ms / blockMs)}`,
} as const;

const firstBlocks = 6;
const lastBlocks = 7;
/** The end of a month's first part by blocks, after its start. */
export const monthHeadMs = firstBlocks * blockMs;
/** The begin of its last part by blocks, before its end. */
export const monthTailMs = lastBlocks * blockMs;

/** A part of a field. */
export interface FigurePart {
  readonly field: string;
  readonly part: number;
}

/** The parts that count a time: one of each field. */
export function partsAt(ms: number): FigurePart[] {
  const inDay = Math.floor(ms / blockMs) - Math.floor(ms / dayMs) * blocksPerDay;
  const inBlock = Math.floor((ms - Math.floor(ms / blockMs) * blockMs) / quarterMs);
  return [
    { field: figureFields.total, part: 0 },
    { field: figureFields.month(ms), part: partOfMonth(ms) },
    { field: figureFields.day(ms), part: inDay },
    { field: figureFields.block(ms), part: inBlock },
  ];
}

/** The range of each part of a month, a day or a block, by the number of the part. */
export function partRanges(field: string): Range[] {
  const [kind = '', number = ''] = field.split(':');
  switch (kind) {
    case 'month':
      return rangesOfMonth(monthRange(Number(number)));
    case 'day':
      return equalRanges(Number(number) * dayMs, blockMs, blocksPerDay);
    case 'block':
      return equalRanges(Number(number) * blockMs, quarterMs, blockMs / quarterMs);
    default:
      throw new Error(`the field "${field}" has no parts`);
  }
}

/** The calendar month of UTC that holds a time. */
export function monthAt(ms: number): Range {
  return monthRange(monthOf(ms));
}

function monthOf(ms: number): number {
  const date = new Date(ms);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function monthRange(month: number): Range {
  return { from: Date.UTC(1970, month, 1), to: Date.UTC(1970, month + 1, 1) };
}

function partOfMonth(ms: number): number {
  const { from, to } = monthAt(ms);
  if (ms < from + monthHeadMs) return Math.floor((ms - from) / blockMs);
  return Math.max(firstBlocks, firstBlocks + 1 + Math.floor((ms - (to - monthTailMs)) / blockMs));
}

function rangesOfMonth({ from, to }: Range): Range[] {
  const rest = { from: from + monthHeadMs, to: to - monthTailMs };
  return [...equalRanges(from, blockMs, firstBlocks), rest, ...equalRanges(rest.to, blockMs, lastBlocks)];
}

function equalRanges(from: number, length: number, count: number): Range[] {
  return Array.from({ length: count }, (_, nth) => ({ from: from + nth * length, to: from + (nth + 1) * length }));
}
