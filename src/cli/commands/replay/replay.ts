import { allProjections } from '../../../projections/all-projections.js';
import type { Projection } from '../../../projections/projection.js';
import { createGenerationStore } from '../../../projector/generations/generation-store.js';
import { withConnections } from '../../connections.js';
import { readArguments } from '../../terminal/arguments.js';
import { UsageError } from '../../terminal/errors.js';
import type { Terminal } from '../../terminal/terminal.js';
import { dryRun } from './dry-run.js';
import { rebuild } from './rebuild.js';
import { showUntil } from './show-until.js';
import { skipEvent } from './skip-event.js';

const names = allProjections.map(({ name }) => name);

const usage = `orders replay [${names.join('|')}|all] [options]

  Rebuilds read models: a new generation is built from the log beside the live one, which serves
  queries until the new one has caught up. The switch is one atomic step. The running service builds
  the generation; if no projector is running, this command does.

  --dry-run               build a generation, compare it with the live one, print each difference,
                          and discard it
  --until TIME|POSITION   print the read model as JSON as of a time (RFC 3339), or as of the event
                          at PARTITION:POSITION; with --dry-run, compare that with the live one
  --detach                request the rebuild and do not wait for it
  --cancel                cancel the current rebuild
  --resume                retry the events on which projections have stopped
  --skip PARTITION:POSITION --reason TEXT
                          skip the event on which a projection has stopped, now and in every later
                          rebuild; the log records the operator and the reason
  --yes                   do not ask before an event is skipped

  Example: orders replay metrics
  Exit code 3: the dry run found differences.`;

const options = {
  'dry-run': { type: 'boolean' },
  until: { type: 'string' },
  detach: { type: 'boolean' },
  cancel: { type: 'boolean' },
  resume: { type: 'boolean' },
  skip: { type: 'string' },
  yes: { type: 'boolean' },
  reason: { type: 'string' },
} as const;

/**
 * `orders replay`: rebuilds read models, compares them with the log, and handles stopped
 * projections.
 */
export async function replayCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = readArguments(args, usage, options, Number.POSITIVE_INFINITY);
  if (values.help) return terminal.print(usage);
  const modes = [values.cancel, values.resume, values.skip, values['dry-run'] ?? values.until];
  if (modes.filter((mode) => mode !== undefined).length > 1) {
    throw new UsageError(`choose one of --cancel, --resume, --skip, and --dry-run or --until\n\n${usage}`);
  }
  const chosen = chooseProjections(positionals);
  await withConnections({ terminal }, async (context) => {
    const generations = createGenerationStore(context.redis, context.keys, context.pool);
    if (values.cancel) {
      for (const projection of chosen) {
        const cancelled = await generations.cancel(projection);
        terminal.print(`${projection.name}: ${cancelled ? 'cancelled the rebuild' : 'there was no rebuild to cancel'}`);
      }
    } else if (values.skip !== undefined) {
      await skipEvent(context, chosen, values.skip, values);
      for (const projection of chosen) await generations.resume(projection);
    } else if (values.resume) {
      for (const projection of chosen) await generations.resume(projection);
      terminal.print(`retrying: ${chosen.map(({ name }) => name).join(', ')}`);
    } else if (values['dry-run']) {
      await dryRun(context, chosen, values.until);
    } else if (values.until !== undefined) {
      await showUntil(context, chosen, values.until);
    } else {
      await rebuild(context, chosen, values.detach ?? false);
    }
  });
}

function chooseProjections(given: readonly string[]): readonly Projection[] {
  if (given.length === 0 || given.includes('all')) return allProjections;
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no projection "${unknown}".\n\n${usage}`);
  return allProjections.filter(({ name }) => given.includes(name));
}
