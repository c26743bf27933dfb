import { setTimeout as delay } from 'node:timers/promises';
import { getProjections } from '../../../queries/get-projections.js';
import { withTimeout } from '../../../with-timeout.js';
import type { CommandContext } from '../../connections.js';
import { isProjectorRunning } from '../../is-projector-running.js';
import { errorMessage } from '../../terminal/errors.js';
import { ProgressBar } from '../../terminal/progress-bar.js';

const pollIntervalMs = 100;
/** Time in which the read models have to move, and Redis has to respond. */
const patienceMs = 10_000;

/**
 * Waits until the read models have all events of the import, and shows how far they are. Gives up
 * with a notice if no projector runs, or if the read models do not move.
 * @param appended the last position that the import appended to each partition.
 * @returns whether the read models have all events
 */
export async function waitForReadModels(
  context: CommandContext,
  appended: ReadonlyMap<number, number>,
): Promise<boolean> {
  const { models, terminal } = context;
  if (appended.size === 0) return true;
  const giveUp = (message: string) => {
    terminal.notify(message);
    return false;
  };
  let bar: ProgressBar | undefined;
  let first = 0;
  let least = Number.POSITIVE_INFINITY;
  let movedMs = performance.now();
  try {
    for (;;) {
      const projections = await withTimeout(patienceMs, getProjections(models));
      let left = 0;
      for (const { partitions } of projections) {
        for (const { partition, checkpoint } of partitions)
          left += Math.max(0, (appended.get(partition) ?? 0) - checkpoint);
      }
      if (left === 0) return true;
      if (!(await isProjectorRunning(context)))
        return giveUp('no projector runs: the read models follow when the service runs');
      if (left < least) {
        least = left;
        movedMs = performance.now();
      } else if (performance.now() - movedMs > patienceMs)
        return giveUp(`the read models are ${left} events behind and do not move: see orders status`);
      bar ??= new ProgressBar('events in the read models', terminal);
      first = Math.max(first, left);
      // Each event is counted once, not once per read model.
      bar.update((first - left) / first, Math.round((first - left) / projections.length));
      await delay(pollIntervalMs);
    }
  } catch (error) {
    return giveUp(`the read models could not be asked: ${errorMessage(error)}. Everything is imported.`);
  } finally {
    bar?.end();
  }
}
