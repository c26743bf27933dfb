import { createAppender } from '../../../event-log/append/group-commit.js';
import { createHeadsNotifier } from '../../../event-log/heads/notify-heads.js';
import { recordOperatorEvent } from '../../../event-log/operators/operator-events.js';
import { countOwners } from '../../../event-log/partition-ownership.js';
import { createStreamReader } from '../../../event-log/read/read-stream.js';
import { allProjections } from '../../../projections/all-projections.js';
import type { Projection } from '../../../projections/projection.js';
import { createGenerationStore } from '../../../projector/generations/generation-store.js';
import { projectorLimits } from '../../../projector/limits.js';
import { getProjections, type ProjectionState } from '../../../queries/get-projections.js';
import { releaseOf } from '../../../read-models/keys.js';
import { openProjector } from '../../../service/open-projector.js';
import { type OpenLog, withLog } from '../../connections.js';
import { readArguments } from '../../terminal/arguments.js';
import { UsageError } from '../../terminal/errors.js';
import { operator } from '../../terminal/operator.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import { dryRun, replayUntil } from './dry-run.js';

const names = allProjections.map(({ name }) => name);

const usage = `orders replay [${names.join('|')}|all] [options]

  Builds the next generation of a read model from the log, beside the live one, which goes on answering queries until the
  new one has caught up and takes over in one step. The running service builds it; where none runs, this command does.

  --dry-run               build it, compare it with the live one, report each difference, discard it
  --until TIME|PLACE      the read model as it was at a time (RFC 3339) or when the event at PARTITION:POSITION was recorded:
                          shown as JSON on standard output and discarded; with --dry-run compared with the live one
  --detach                ask for the rebuild and don't wait for it
  --cancel                cancel the rebuild that is under way
  --resume                try again where a projection has stopped on an event
  --skip PARTITION:POSITION --reason TEXT
                          pass over the event on which the projection has stopped. This is recorded in the log, and every later
                          rebuild passes over it too

  Exit code 3: the dry run found differences.`;

/** `orders replay`: rebuilds read models, and whatever else there is to do about them. */
export async function replayCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, options);
  if (values.help) {
    console.log(usage);
    return;
  }
  const modes = [values.cancel, values.resume, values.skip, values['dry-run'] ?? values.until];
  if (modes.filter((mode) => mode !== undefined).length > 1) {
    throw new UsageError(`--cancel, --resume, --skip, and --dry-run or --until exclude each other\n\n${usage}`);
  }
  const chosen = chooseProjections(positionals);
  await withLog(async (open) => {
    const generations = createGenerationStore(open.redis, open.keys);
    if (values.cancel) {
      for (const projection of chosen) {
        const cancelled = await generations.cancel(projection);
        console.log(`${projection.name}: ${cancelled ? 'the rebuild is cancelled' : 'no rebuild was under way'}`);
      }
    } else if (values.skip !== undefined) {
      await skip(open, chosen, values.skip, values.reason);
      for (const projection of chosen) await generations.resume(projection);
    } else if (values.resume) {
      for (const projection of chosen) await generations.resume(projection);
      console.log(`trying again: ${chosen.map(({ name }) => name).join(', ')}`);
    } else if (values['dry-run']) {
      await dryRun(open, chosen, values.until);
    } else if (values.until !== undefined) {
      await replayUntil(open, chosen, values.until);
    } else {
      await rebuild(open, chosen, values.detach ?? false);
    }
  });
}

const options = {
  'dry-run': { type: 'boolean' },
  until: { type: 'string' },
  detach: { type: 'boolean' },
  cancel: { type: 'boolean' },
  resume: { type: 'boolean' },
  skip: { type: 'string' },
  reason: { type: 'string' },
} as const;

function chooseProjections(given: readonly string[]): readonly Projection[] {
  if (given.length === 0 || given.includes('all')) return allProjections;
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no projection "${unknown}".\n\n${usage}`);
  return allProjections.filter(({ name }) => given.includes(name));
}

async function rebuild(open: OpenLog, chosen: readonly Projection[], detach: boolean): Promise<void> {
  const { redis, keys, pool, settings, models } = open;
  const generations = createGenerationStore(redis, keys);
  const by = operator();
  const builds = new Map<string, number>();
  for (const projection of chosen) {
    await generations.open(projection, by);
    const { build, isNew } = await generations.request(projection, by);
    builds.set(projection.name, build.generation);
    if (!isNew) console.error(`orders: ${projection.name} is being rebuilt already`);
  }
  if (detach) {
    console.log(`rebuilding ${[...builds.keys()].join(', ')}; orders status tells how far it is`);
    return;
  }
  const running = (await countOwners(pool, settings, releaseOf(allProjections))) > 0;
  if (!running) console.error('orders: no projector is running: this command projects until it is done');
  const owner = `orders replay:${process.pid}`;
  const own = running ? undefined : await openProjector({ ...open, url: open.servers.databaseUrl, owner });
  try {
    await watch(models, builds);
  } finally {
    await own?.close();
  }
}

/** Shows how far the rebuilds are, until each is live or gone. */
async function watch(models: OpenLog['models'], builds: ReadonlyMap<string, number>): Promise<void> {
  const bar = new ProgressBar('events');
  let first: number | undefined;
  for (;;) {
    const states = (await getProjections(models)).filter(({ name }) => builds.has(name));
    const under = states.flatMap(({ rebuild }) => (rebuild ? [rebuild] : []));
    const stopped = under.find((one) => one.stopped);
    if (under.length === 0) {
      bar.end();
      report(states, builds, bar.elapsedSeconds());
      return;
    }
    const [done, total] = [sum(under.map((one) => one.events_done)), sum(under.map((one) => one.events_total))];
    first ??= done;
    bar.update(total === 0 ? 1 : done / total, done - first, `lag ${(total - done).toLocaleString('en')}`);
    if (stopped) {
      bar.end();
      const [at] = stopped.stopped ?? [];
      throw new Error(
        `the rebuild has stopped in partition ${at?.partition} at ${at?.position}, ${at?.type} of order ${at?.order_id}: ${at?.error}\n` +
          '  The live one goes on. Fix the projection and restart the service, then the rebuild carries on; or cancel it: orders replay --cancel.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, projectorLimits.coordinateIntervalMs));
  }
}

function report(states: readonly ProjectionState[], builds: ReadonlyMap<string, number>, seconds: number): void {
  for (const { name, generation, partitions } of states) {
    const events = sum(partitions.map(({ checkpoint }) => checkpoint));
    const rate = Math.round(events / Math.max(seconds, 0.001)).toLocaleString('en');
    if (generation === builds.get(name)) {
      const figures = `${events.toLocaleString('en')} events in ${seconds.toFixed(1)} s, ${rate}/s`;
      console.log(`${name}: generation ${generation} is live (${figures})`);
    } else {
      console.log(`${name}: the rebuild was cancelled; generation ${generation} is live as before`);
      process.exitCode = 1;
    }
  }
}

async function skip(open: OpenLog, chosen: readonly Projection[], place: string, reason = ''): Promise<void> {
  const [, partition, position] = (/^(\d{1,4}):(\d{1,15})$/.exec(place) ?? []).map(Number);
  if (partition === undefined || position === undefined)
    throw new UsageError('--skip PARTITION:POSITION: the event’s place, as orders status shows it');
  if (reason.trim() === '') throw new UsageError('--skip needs --reason "…": it goes into the audit trail');
  const { pool, settings, models, log } = open;
  const readStream = createStreamReader(pool, settings.partitions);
  const { append } = createAppender(pool, settings, { onHeadMoved: createHeadsNotifier(pool, log) });
  const stopped = (await getProjections(models)).flatMap(({ name, partitions, rebuild }) => {
    const live = partitions[partition]?.stopped;
    const built = rebuild?.stopped?.find((one) => one.partition === partition);
    const at = [live, built].find((one) => one?.position === position);
    return at && chosen.some((projection) => projection.name === name) ? [{ name, at }] : [];
  });
  if (stopped.length === 0)
    throw new UsageError(`no projection has stopped at ${place}: orders status shows where they have`);
  for (const { name, at } of stopped) {
    const recorded = await recordOperatorEvent(
      readStream,
      append,
      {
        type: 'ProjectionEventSkipped',
        data: { projection: name, partition, position, order_id: at.order_id, event_type: at.type, reason },
      },
      operator(),
    );
    const where = `${recorded.partition}:${recorded.position}`;
    console.log(`${name} passes over ${at.type} of order ${at.order_id} at ${place}; recorded in the log at ${where}`);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
