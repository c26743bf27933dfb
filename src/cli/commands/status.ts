import { setTimeout } from 'node:timers/promises';
import { LogContinuity } from '../../event-log/heads/log-continuity.js';
import { firstEpoch, type LogEpochs } from '../../log-epochs.js';
import { getProjections } from '../../queries/get-projections.js';
import type { ProjectionState } from '../../queries/projections-document.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import { describeRefusal, type RedisRefusal } from '../../read-models/redis/redis-error.js';
import { writeRefusal } from '../../read-models/redis/write-refusal.js';
import { namePartitions } from '../../service/health/projection-health.js';
import { type CommandContext, withConnections } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { errorMessage } from '../terminal/errors.js';
import { TooLongForScreen } from '../terminal/screen-limit.js';
import { alignColumns } from '../terminal/tables.js';
import type { Terminal } from '../terminal/terminal.js';
import { withoutLines } from '../terminal/without-lines.js';

const usage = `orders status [--watch] [--json]

  Shows how many events each projection is behind the log: in total, and as one mark per partition.
  Also shows rebuilds under way, the events on which projections have stopped, and the orders that
  are damaged because an operator has skipped one of their events.

  --watch   show it again every two seconds, until Ctrl-C; a failure of PostgreSQL or Redis is
            shown, and asked again
  --json    print one JSON document, with --watch one per line

  Example: orders status --watch
           orders status --json | jq '.projections[] | {name, lag}'
  Exit code 1: a projection or a rebuild has stopped, no living projector projects a partition, or
  Redis refuses writes.`;

/** Milliseconds between two outputs of --watch. */
const watchIntervalMs = 2_000;

/** `orders status`: shows the lag of each projection, with one mark per partition. */
export async function statusCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = { watch: { type: 'boolean' }, json: { type: 'boolean' } } as const;
  const { values } = readArguments(args, usage, options, 0);
  if (values.help) return terminal.print(usage);
  await withConnections({ terminal }, async (context) => {
    const continuity = new LogContinuity(context.pool, context.settings, context.log);
    const show = async () => {
      // A refusal explains why states are missing, or why they cannot be read.
      const refusal = await writeRefusal(context.redis, context.keys);
      const projections = await readStatus(context, continuity).catch((error: unknown) => {
        throw refusal && error instanceof ReadModelUnavailable ? new Error(describeRefusal(refusal)) : error;
      });
      printStatus(context, continuity, { projections, refusal, json: values.json });
    };
    if (!values.watch) return show();
    const interrupted = new AbortController();
    const interrupt = () => interrupted.abort();
    process.once('SIGINT', interrupt);
    try {
      while (!interrupted.signal.aborted) {
        terminal.exitCode = 0;
        terminal.clear();
        await show().catch((error: unknown) => {
          if (error instanceof TooLongForScreen) throw error;
          terminal.notify(`${errorMessage(error)}; asking again every ${watchIntervalMs / 1_000} s, until Ctrl-C`);
          terminal.exitCode = 1;
        });
        await setTimeout(watchIntervalMs, undefined, { signal: interrupted.signal }).catch(() => undefined);
      }
    } finally {
      process.off('SIGINT', interrupt);
    }
  });
}

async function readStatus({ models }: CommandContext, continuity: LogContinuity): Promise<ProjectionState[]> {
  if (!(await continuity.read())) throw new Error('the heads of the log could not be read: is PostgreSQL up?');
  const knownHead = (partition: number) => continuity.knownHead(partition);
  return getProjections({ ...models, knownHead, headTimes: continuity.times });
}

function printStatus(
  { terminal, settings }: CommandContext,
  continuity: LogContinuity,
  {
    projections,
    refusal,
    json,
  }: {
    projections: readonly ProjectionState[];
    refusal: RedisRefusal | undefined;
    json: boolean | undefined;
  },
): void {
  const { logId, partitions, epochs } = settings;
  const lines = json ? withoutLines(terminal) : terminal;
  const heads = projections[0]?.partitions.map(({ head }) => head) ?? [];
  const total = heads.reduce((sum, head) => sum + head, 0);
  const owners = new Set(projections[0]?.partitions.map(({ owner }) => owner ?? 'no projector'));
  const epoch = epochs.current === firstEpoch ? '' : `, epoch ${epochs.current}`;
  const events = total.toLocaleString('en');
  lines.print(
    `log ${logId}${epoch}: ${events} events in ${partitions} partitions, projected by ${[...owners].join(', ')}\n`,
  );
  for (const line of lagTable(projections, partitions)) lines.print(line);
  lines.print('\n· up to date   ▁▂▃▄▅▆▇█ behind by 1, 10, 100, … events   x stopped   ? unowned or blocked');
  if (refusal) printRefusal(lines, refusal);
  else printUnowned(lines, projections);
  printRebuilds(lines, projections);
  printStopped(lines, projections, epochs);
  printSkipped(lines, projections, epochs);
  if (json)
    terminal.print(JSON.stringify({ log_id: logId, epoch: continuity.epoch, partitions, events: total, projections }));
}

function lagTable(projections: readonly ProjectionState[], partitions: number): string[] {
  const rows = projections.map(({ name, state, lag, lag_seconds, partitions: all }) => {
    const seconds = lag_seconds === null ? '?' : `${lag_seconds.toLocaleString('en')} s`;
    return [name, state, lag.toLocaleString('en'), seconds, all.map(markOf).join('')];
  });
  return alignColumns([['projection', 'state', 'lag', 'since', `partitions 0 to ${partitions - 1}`], ...rows], {
    right: [2, 3],
  });
}

function markOf({ state, lag }: ProjectionState['partitions'][number]): string {
  return state === 'stopped' ? 'x' : state === 'live' ? lagMark(lag) : '?';
}

function printUnowned(terminal: Terminal, projections: readonly ProjectionState[]): void {
  const [first] = projections;
  const unowned = (first?.partitions ?? []).filter(({ state }) => state === 'unowned');
  if (!first || unowned.length === 0) return;
  const names = namePartitions(
    unowned.map(({ partition }) => partition),
    first.partitions.length,
  );
  terminal.print(
    `\nno living projector in ${names}: start a process with the role projector (\`orders serve --roles projector\`)`,
  );
  terminal.exitCode = 1;
}

/** Projectors report in Redis: while it refuses writes, no living projector can be seen. */
function printRefusal(terminal: Terminal, refusal: RedisRefusal): void {
  terminal.print(`\n${describeRefusal(refusal)}`);
  terminal.print('  meanwhile no projector can apply events or report, so its partitions become blocked');
  terminal.exitCode = 1;
}

function lagMark(lag: number): string {
  return lag === 0 ? '·' : ('▁▂▃▄▅▆▇█'[Math.min(7, Math.floor(Math.log10(lag)))] ?? '█');
}

function printRebuilds(terminal: Terminal, projections: readonly ProjectionState[]): void {
  for (const { name, rebuild } of projections) {
    if (!rebuild) continue;
    const done = Math.floor((100 * rebuild.events_done) / Math.max(1, rebuild.events_total));
    const left = rebuild.seconds_left === null ? '' : `, ${rebuild.seconds_left} s left`;
    terminal.print(`\n${name} is being rebuilt as generation ${rebuild.generation}: ${done} %${left}`);
    for (const { partition, position, error } of rebuild.stopped ?? []) {
      terminal.print(`  stopped in partition ${partition} at position ${position}: ${error}`);
      terminal.exitCode = 1;
    }
  }
}

function printSkipped(terminal: Terminal, projections: readonly ProjectionState[], epochs: LogEpochs): void {
  for (const { name, skipped } of projections) {
    for (const { partition, position, order_id, type } of skipped) {
      const at = epochs.format(partition, position);
      terminal.print(`\n${name} skips ${type ?? 'an event'} at ${at} and all that follows in its order:`);
      terminal.print(`  order ${order_id ?? 'unknown'} is damaged in this read model`);
    }
  }
}

function printStopped(terminal: Terminal, projections: readonly ProjectionState[], epochs: LogEpochs): void {
  let last: string | undefined;
  for (const { name, partitions } of projections) {
    for (const { partition, stopped } of partitions) {
      if (!stopped) continue;
      const { position, at, type, order_id, error } = stopped;
      terminal.print(`\n${name} has stopped in partition ${partition} at position ${position} (${at}):`);
      terminal.print(`  ${type ?? 'unknown event'} of order ${order_id ?? 'unknown'}: ${error}`);
      terminal.exitCode = 1;
      last = `${name} --skip ${epochs.format(partition, position)}`;
    }
  }
  if (last === undefined) return;
  terminal.print('\na projection continues by itself once a process runs that can apply the event: deploy the fix, or');
  terminal.print('the newer release that wrote the event. If the cause was elsewhere: `orders replay --resume`. As a');
  terminal.print(`last resort, which damages the order: \`orders replay ${last} --reason "…"\``);
}
