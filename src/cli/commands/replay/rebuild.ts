import type { Projection } from '../../../projections/projection.js';
import { createGenerationStore } from '../../../projector/generations/generation-store.js';
import { projectorLimits } from '../../../projector/limits.js';
import { getProjections } from '../../../queries/get-projections.js';
import type { ReadModels } from '../../../queries/live-generation.js';
import type { ProjectionState } from '../../../queries/projections-document.js';
import { openProjector } from '../../../service/open-projector.js';
import type { CommandContext } from '../../connections.js';
import { isProjectorRunning } from '../../is-projector-running.js';
import { operator } from '../../terminal/operator.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import type { Terminal } from '../../terminal/terminal.js';

/**
 * Requests rebuilds and shows their progress until all are live or cancelled. If no process has the
 * role projector, this process projects meanwhile.
 * @param detach returns right after the requests.
 * @returns what the JSON document has: one object for each projection
 */
export async function rebuild(
  context: CommandContext,
  chosen: readonly Projection[],
  detach: boolean,
): Promise<readonly object[]> {
  const { redis, keys, pool, models, access, openEvents, terminal } = context;
  const generations = createGenerationStore(redis, keys, pool);
  const by = operator();
  const requested = new Map<string, number>();
  for (const projection of chosen) {
    await generations.open(projection, by);
    const { build, isNew } = await generations.request(projection, by);
    requested.set(projection.name, build.generation);
    if (!isNew) terminal.notify(`a rebuild of ${projection.name} is already under way`);
  }
  if (detach) {
    terminal.print(`rebuilding ${[...requested.keys()].join(', ')}: \`orders status\` shows the progress`);
    return [...requested].map(([projection, generation]) => ({ projection, generation, is_live: false }));
  }
  const isServiceRunning = await isProjectorRunning(context);
  if (!isServiceRunning) terminal.notify('no projector is running: this command projects until the rebuild is done');
  const owner = `orders replay:${process.pid}`;
  const own = isServiceRunning
    ? undefined
    : await openProjector({ ...context, database: access, owner, open: openEvents });
  try {
    return await showProgress(terminal, models, requested);
  } finally {
    await own?.close();
  }
}

/**
 * Resolves once all rebuilds are live or cancelled.
 * @param requested by projection, the generation that is being built.
 */
async function showProgress(
  terminal: Terminal,
  models: ReadModels,
  requested: ReadonlyMap<string, number>,
): Promise<readonly object[]> {
  const bar = new ProgressBar('events', terminal);
  let doneBefore: number | undefined;
  for (;;) {
    const states = (await getProjections(models)).filter(({ name }) => requested.has(name));
    const rebuilds = states.flatMap(({ rebuild }) => (rebuild ? [rebuild] : []));
    if (rebuilds.length === 0) {
      bar.end();
      return printResults(terminal, states, requested, bar.elapsedSeconds());
    }
    const done = sum(rebuilds.map((one) => one.events_done));
    const total = sum(rebuilds.map((one) => one.events_total));
    doneBefore ??= done;
    bar.update(total === 0 ? 1 : done / total, done - doneBefore, `lag ${(total - done).toLocaleString('en')}`);
    const [stopped] = rebuilds.find((one) => one.stopped)?.stopped ?? [];
    if (stopped) {
      bar.end();
      throw new Error(
        `the rebuild has stopped in partition ${stopped.partition} at position ${stopped.position}, ` +
          `on ${stopped.type} of order ${stopped.order_id}: ${stopped.error}\n` +
          '  The live generation still serves queries. Fix the projection and restart the service: the rebuild then ' +
          'continues.\n  Or cancel it with `orders replay --cancel`.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, projectorLimits.coordinateIntervalMs));
  }
}

function printResults(
  terminal: Terminal,
  states: readonly ProjectionState[],
  requested: ReadonlyMap<string, number>,
  seconds: number,
): readonly object[] {
  return states.map(({ name, generation, partitions }) => {
    const isLive = generation === requested.get(name);
    if (isLive) {
      const events = sum(partitions.map(({ checkpoint }) => checkpoint));
      const rate = Math.round(events / Math.max(seconds, 0.001)).toLocaleString('en');
      const figures = `${events.toLocaleString('en')} events in ${seconds.toFixed(1)} s, ${rate}/s`;
      terminal.print(`${name}: generation ${generation} is live (${figures})`);
    } else {
      terminal.print(`${name}: the rebuild was cancelled; generation ${generation} is still live`);
      terminal.exitCode = 1;
    }
    return { projection: name, generation: requested.get(name), is_live: isLive, seconds: Number(seconds.toFixed(1)) };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
