import {
  blockMs,
  dayMs,
  figureFields,
  monthAt,
  monthHeadMs,
  monthTailMs,
  type Range,
} from '../read-models/figure-fields.js';

/** The parts of a field that lie in a range. */
export interface Piece extends Range {
  readonly field: string;
  /** Another field that has the same parts: it serves instead if it is read anyway. */
  readonly otherField?: string;
  /** Of an incomplete month: the pieces of its days, which serve if they are read anyway. */
  readonly days?: readonly Piece[];
}

/**
 * Returns the pieces whose sum are the figures of a range of quarters: whole months, days and
 * blocks of two hours, and the block at each end that belongs to it in part. Each boundary costs
 * one field more than one at the begin of a month or a day of UTC: a month has the blocks in which
 * the months of other time zones begin, and a day has all of its blocks.
 */
export function piecesOf({ from, to }: Range): Piece[] {
  const first = Math.ceil(from / blockMs) * blockMs;
  const last = Math.floor(to / blockMs) * blockMs;
  if (first > last) return from < to ? [{ field: figureFields.block(from), from, to }] : [];
  const pieces = ofBlocks({ from: first, to: last });
  if (from < first) pieces.unshift({ field: figureFields.block(from), from, to: first });
  if (last < to) pieces.push({ field: figureFields.block(last), from: last, to });
  return pieces;
}

/** The pieces of a range that begins and ends with blocks. */
function ofBlocks({ from, to }: Range): Piece[] {
  const months = split(from, to, (ms) => monthAt(ms).to);
  return months.flatMap((range) => {
    const month = figureFields.month(range.from);
    if (!holdsMonth(range)) return daysOf(range, month);
    const { from, to } = monthAt(range.from);
    const isComplete = range.from === from && range.to === to;
    return [{ field: month, ...range, ...(isComplete ? {} : { days: daysOf(range, month) }) }];
  });
}

function daysOf({ from, to }: Range, month: string): Piece[] {
  return split(from, to, (ms) => Math.floor(ms / dayMs) * dayMs + dayMs).map((day) => {
    const piece = { field: figureFields.day(day.from), ...day };
    return isEndOfMonth(day) ? { ...piece, otherField: month } : piece;
  });
}

/** Whether a part of a month consists of parts of its field, the rest among them. */
function holdsMonth({ from, to }: Range): boolean {
  const month = monthAt(from);
  return from <= month.from + monthHeadMs && to >= month.to - monthTailMs;
}

/** Whether a part of a day lies in the first or the last parts of its month. */
function isEndOfMonth({ from, to }: Range): boolean {
  const month = monthAt(from);
  return to <= month.from + monthHeadMs || from >= month.to - monthTailMs;
}

/** Splits a range at the times that follow each other by `next`. */
function split(from: number, to: number, next: (ms: number) => number): Range[] {
  const ranges: Range[] = [];
  for (let at = from; at < to; ) {
    const end = Math.min(next(at), to);
    ranges.push({ from: at, to: end });
    at = end;
  }
  return ranges;
}
