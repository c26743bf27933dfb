/** Counts the turns of the event loop from now on, until it is stopped. */
export function countTurns(): { now(): number; stop(): void } {
  let turns = 0;
  let counting: NodeJS.Immediate | undefined;
  const count = () => {
    turns += 1;
    counting = setImmediate(count);
  };
  count();
  return { now: () => turns, stop: () => clearImmediate(counting) };
}
