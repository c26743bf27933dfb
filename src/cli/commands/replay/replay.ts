import { allProjections } from '../../../projections/all-projections.js';
import type { Projection } from '../../../projections/projection.js';
import { createGenerationStore } from '../../../projector/generations/generation-store.js';
import { withConnections } from '../../connections.js';
import { readArguments } from '../../terminal/arguments.js';
import { UsageError } from '../../terminal/errors.js';
import type { Terminal } from '../../terminal/terminal.js';
import { withoutLines } from '../../terminal/without-lines.js';
import { ComparisonView } from './compared.js';
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
  --json                  print one JSON document: {"projections": […]}, one for each projection
                          with what was done; with --until alone, an array of what is printed

  Example: orders replay metrics
           orders replay --dry-run --json | jq '.projections[] | {projection, differences_total}'
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
  json: { type: 'boolean' },
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
  const { json = false } = values;
  const printDocument = (projections: readonly object[]) => {
    if (json) terminal.print(JSON.stringify({ projections }));
  };
  await withConnections({ terminal }, async (given) => {
    const lines = json ? withoutLines(terminal) : terminal;
    const context = { ...given, terminal: lines };
    const generations = createGenerationStore(context.redis, context.keys, context.pool);
    if (values.cancel) {
      const documents: object[] = [];
      for (const projection of chosen) {
        const { name } = projection;
        const cancelled = await generations.cancel(projection);
        lines.print(`${name}: ${cancelled ? 'cancelled the rebuild' : 'there was no rebuild to cancel'}`);
        documents.push({ projection: name, cancelled });
      }
      printDocument(documents);
    } else if (values.skip !== undefined) {
      // Printed at once, also with --json: the skip is in the log, even if the command fails later.
      const announce = (line: string) => (json ? terminal.notify(line) : terminal.print(line));
      const { skip: position, reason, yes } = values;
      const skipped = await skipEvent(context, { chosen, skipped: position, reason, yes, announce });
      for (const projection of chosen) await generations.resume(projection);
      printDocument(skipped);
    } else if (values.resume) {
      for (const projection of chosen) await generations.resume(projection);
      const asked = chosen.map(({ name }) => name).join(', ');
      lines.print(`asked to retry where they have stopped: ${asked}; \`orders status\` shows whether they continue`);
      printDocument(chosen.map(({ name }) => ({ projection: name, resumed: true })));
    } else if (values['dry-run']) {
      const view = new ComparisonView(terminal, json);
      await dryRun(context, chosen, values.until, view);
      printDocument(view.documents());
    } else if (values.until !== undefined) {
      await showUntil(given, chosen, values.until, json);
    } else {
      printDocument(await rebuild(context, chosen, values.detach ?? false));
    }
  });
}

function chooseProjections(given: readonly string[]): readonly Projection[] {
  if (given.length === 0 || given.includes('all')) return allProjections;
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no projection "${unknown}".\n\n${usage}`);
  return allProjections.filter(({ name }) => given.includes(name));
}
