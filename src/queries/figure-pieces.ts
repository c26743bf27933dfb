import { dayMs, figureFields, hourMs } from '../read-models/metrics.js';

/** A range of time on quarters of an hour of UTC. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A part of the figures of a range: those of a field, or of some quarters of an hour's field. */
export interface Piece {
  readonly field: string;
  /** -1: the figures are subtracted. */
  readonly sign: 1 | -1;
  /** The part of an hour. Undefined for the whole field. */
  readonly part: Range | undefined;
}

/**
 * Returns the pieces whose sum are the figures of a range: whole months and days, and hours at both
 * ends. If most of a day belongs to the range, its other hours are subtracted from the day.
 */
export function piecesOf({ from, to }: Range): Piece[] {
  const [firstDay, lastDay] = [floor(from, dayMs), floor(to, dayMs)];
  if (firstDay === lastDay) return dayPart(firstDay, from, to);
  const pieces: Piece[] = [];
  let at = firstDay;
  if (from > firstDay) {
    pieces.push(...dayPart(firstDay, from, firstDay + dayMs));
    at += dayMs;
  }
  while (at < lastDay) {
    const date = new Date(at);
    const monthEnd = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    const isMonth = date.getUTCDate() === 1 && monthEnd <= lastDay;
    pieces.push({ field: isMonth ? figureFields.month(at) : figureFields.day(at), sign: 1, part: undefined });
    at = isMonth ? monthEnd : at + dayMs;
  }
  if (to > lastDay) pieces.push(...dayPart(lastDay, lastDay, to));
  return pieces;
}

/** The pieces of a part of one day. */
function dayPart(day: number, from: number, to: number): Piece[] {
  const direct = hours(from, to, 1);
  const others = [...hours(day, from, -1), ...hours(to, day + dayMs, -1)];
  if (direct.length <= others.length + 1) return direct;
  return [{ field: figureFields.day(day), sign: 1, part: undefined }, ...others];
}

function hours(from: number, to: number, sign: 1 | -1): Piece[] {
  const pieces: Piece[] = [];
  for (let hour = floor(from, hourMs); hour < to; hour += hourMs) {
    const part = { from: Math.max(hour, from), to: Math.min(hour + hourMs, to) };
    pieces.push({ field: figureFields.hour(hour), sign, part });
  }
  return pieces;
}

function floor(ms: number, unit: number): number {
  return Math.floor(ms / unit) * unit;
}
