/**
 * The parts of a date and time in milliseconds since 1970, as if they were UTC. Undefined if there
 * is no such day or time: Date turns 31 February into a day in March. A leap second, :60, does not
 * exist either.
 */
export function calendarMs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(ms);
  const exists =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  return exists ? ms : undefined;
}
