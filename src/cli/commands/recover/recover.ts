import { readLogSettings } from '../../../event-log/database.js';
import { readLogState } from '../../../event-log/heads/read-log-state.js';
import { startEpoch } from '../../../event-log/operators/start-epoch.js';
import { firstEpoch } from '../../../log-epochs.js';
import { allProjections } from '../../../projections/all-projections.js';
import { createReadModels, type ReadModels } from '../../../queries/live-generation.js';
import { createKeys } from '../../../read-models/keys.js';
import { knownByDataDir, knownByReadModels, noteEpoch } from '../../../service/continuity/known-log.js';
import { type CommandContext, withConnections } from '../../connections.js';
import { fillReadModels } from '../../fill-read-models.js';
import { isProjectorRunning } from '../../is-projector-running.js';
import { readCheckpoint } from '../../read-checkpoint.js';
import { readArguments } from '../../terminal/arguments.js';
import { confirmAtTerminal } from '../../terminal/confirm.js';
import { operator } from '../../terminal/operator.js';
import { alignColumns } from '../../terminal/tables.js';
import type { Terminal } from '../../terminal/terminal.js';
import { withoutLines } from '../../terminal/without-lines.js';
import { createEventFile } from './event-file.js';
import { type LostPart, lostParts, lostSince } from './lost-events.js';
import { lostChanges } from './lost-orders.js';
import { LostSummary } from './lost-summary.js';
import { removeEpochs } from './remove-epochs.js';

/** Connections: the projector of this command needs some of its own. */
const poolSize = 6;

const usage = `orders recover [options]

  The last step of every restore of the database, and of every failover that lost commits. Shows
  what was lost, according to the read models in Redis, the data folder and a signed checkpoint.
  Then starts a new epoch of the log and builds the read models again. From then on, the service
  recognises positions of lost events that clients and receivers still have. Running processes
  start over by themselves.

  --dry-run        only show what was lost
  --save FILE      write each lost event to a new file, as NDJSON: the read models that know them
                   are removed
  --against FILE   a signed checkpoint from before the loss
  --key FILE       the public keys that you trust to sign checkpoints; by default those of this
                   service
  --reason TEXT    the reason, for the record in the log
  --reset-clock    let the next events have an earlier recorded_at than the last ones. Needed if the
                   clock of the database was ahead for a time
  --yes            do not ask for confirmation; a script is never asked
  --json           print one JSON document: {"log_id", "epoch", "known_epoch", "lost_parts", "lost",
                   "new_epoch", "problems"}

  Example: orders recover --dry-run
           orders recover --dry-run --json | jq .lost
  Exit code 1: a projection stopped, so that its read model is not complete. Exit code 3: a dry run
  found that events were lost.`;

const options = {
  'dry-run': { type: 'boolean' },
  save: { type: 'string' },
  against: { type: 'string' },
  key: { type: 'string' },
  reason: { type: 'string' },
  'reset-clock': { type: 'boolean' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/** `orders recover`: shows what a restore lost, and starts a new epoch of the log. */
export async function recoverCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values } = readArguments(args, usage, options, 0);
  if (values.help) return terminal.print(usage);
  await withConnections({ terminal, poolSize }, async (given) => {
    const lines = values.json ? withoutLines(terminal) : terminal;
    const context = { ...given, terminal: lines };
    const { settings, redis, keys, config, servers, pool } = context;
    const { epochs, partitions } = settings;
    const known = await knownByReadModels(redis, keys, epochs.current, partitions);
    const knownEpoch = known?.epoch ?? epochs.current;
    // After a loss, Redis has the read models of the epoch that it knows, which the log may have
    // lost.
    const models = createReadModels(redis, createKeys(settings.logId, knownEpoch), partitions, allProjections, epochs);
    lines.print(`log ${settings.logId}, epoch ${epochs.current}`);
    if (!epochs.has(knownEpoch)) lines.print(`Redis knows epoch ${knownEpoch}, which the log has lost`);
    const parts = await lostParts(context, models);
    printParts(lines, 'the read models in Redis', parts);
    if (known === undefined) lines.print('Redis knows nothing of this log: what was lost is not known');
    const summary = await printOrders(context, models, parts, values.save);
    const found = [...documentsOf('read-models', parts), ...documentsOf('data-folder', await printDataDir(context))];
    if (values.against !== undefined) {
      const { checkpoint } = await readCheckpoint(values.against, values.key, config);
      const signed = { epoch: checkpoint.epoch ?? firstEpoch, positions: checkpoint.partitions };
      const missing = await lostSince(context, epochs, signed);
      printParts(lines, `the checkpoint of ${checkpoint.created_at}`, missing);
      found.push(...documentsOf('checkpoint', missing));
    }
    await printClock(context, values['reset-clock'] ?? false);
    const lost = known === undefined ? null : summary.toJson();
    const printDocument = (newEpoch: string | null, problems: readonly string[]) => {
      if (!values.json) return;
      const log = { log_id: settings.logId, epoch: epochs.current, known_epoch: known?.epoch ?? null };
      terminal.print(JSON.stringify({ ...log, lost_parts: found, lost, new_epoch: newEpoch, problems }));
    };
    if (values['dry-run']) {
      if (found.length > 0) terminal.exitCode = 3;
      return printDocument(null, []);
    }
    const lasting = 'A new epoch cannot be undone. It removes the read models that know the lost events.';
    await confirmAtTerminal(terminal, lasting, values.yes);
    const isServiceRunning = await isProjectorRunning(context);
    const epoch = await startEpoch(servers.migrationDatabaseUrl, {
      actor: operator(),
      reason: values.reason ?? 'the database was restored to an earlier state',
      lost,
      resetClock: values['reset-clock'] ?? false,
    });
    // Printed at once, also with --json: the epoch has started, even if building the read models
    // fails.
    const started = `epoch ${epoch} of the log has started`;
    if (values.json) terminal.notify(started);
    else terminal.print(started);
    const stopped = await buildReadModels(context, await readLogSettings(pool), [knownEpoch], isServiceRunning);
    printDocument(epoch, stopped);
    if (stopped.length === 0) return lines.print('the read models hold the whole log again');
    for (const line of stopped) terminal.notify(line);
    terminal.notify('these read models lack the events from there on: `orders status` shows why they stopped');
    terminal.exitCode = 1;
  });
}

/** Resolves with a sentence for each projection that stopped. */
async function buildReadModels(
  context: CommandContext,
  settings: CommandContext['settings'],
  knownEpochs: readonly string[],
  isServiceRunning: boolean,
): Promise<readonly string[]> {
  const { redis } = context;
  const { epochs, logId, partitions } = settings;
  const keys = createKeys(logId, epochs.current);
  const models = createReadModels(redis, keys, partitions, allProjections, epochs);
  await noteEpoch(redis, keys, epochs.current);
  const stopped = await fillReadModels({ ...context, settings, keys, models }, { wasServiceRunning: isServiceRunning });
  await removeEpochs(redis, settings, knownEpochs);
  return stopped;
}

/** The parts as the JSON document has them, with the source that knows the lost events. */
function documentsOf(source: 'read-models' | 'data-folder' | 'checkpoint', parts: readonly LostPart[]): object[] {
  return parts.map(({ partition, keptUpTo: kept_up_to, knownUpTo: known_up_to }) => ({
    source,
    partition,
    kept_up_to,
    known_up_to,
  }));
}

function printParts(terminal: Terminal, source: string, parts: readonly LostPart[]): void {
  if (parts.length === 0) {
    terminal.print(`${source}: nothing is missing in the log`);
    return;
  }
  terminal.print(`${source}: the log has lost events`);
  const rows = parts.map(({ partition, keptUpTo, knownUpTo }) =>
    [partition, keptUpTo, knownUpTo, knownUpTo - keptUpTo].map((value) => value.toLocaleString('en')),
  );
  const lines = alignColumns([['partition', 'kept up to', 'known up to', 'lost'], ...rows], { right: [0, 1, 2, 3] });
  for (const line of lines) terminal.print(`  ${line}`);
}

/** @param file the new file that takes each lost event; it is complete or does not exist. */
async function printOrders(
  { pool, terminal }: CommandContext,
  models: ReadModels,
  parts: readonly LostPart[],
  file: string | undefined,
): Promise<LostSummary> {
  const output = file === undefined ? undefined : await createEventFile(file);
  const summary = new LostSummary();
  try {
    for await (const changes of lostChanges(pool, models, parts)) {
      for (const change of changes) summary.add(change);
      await output?.write(changes.map(({ event }) => event));
    }
    await output?.close();
  } catch (error) {
    await output?.discard();
    throw error;
  }
  if (parts.length > 0) for (const line of summary.lines()) terminal.print(line);
  return summary;
}

/** Prints and returns the parts that only the data folder knows of. */
async function printDataDir(context: CommandContext): Promise<readonly LostPart[]> {
  const { terminal, config, settings } = context;
  const known = await knownByDataDir(config.dataDir, settings);
  if (known === undefined) return [];
  const parts = await lostSince(context, settings.epochs, { epoch: known.epoch, positions: known.events });
  if (parts.length > 0) printParts(terminal, `the data folder ${config.dataDir}`, parts);
  return parts;
}

async function printClock({ terminal, pool }: CommandContext, isReset: boolean): Promise<void> {
  const states = await readLogState(pool, []);
  const behindMs = Math.max(0, ...states.map(({ clock_behind_ms }) => clock_behind_ms ?? 0));
  if (behindMs < 1_000) return;
  terminal.notify(
    `the clock of the database is ${Math.round(behindMs / 1000)} s behind the last event` +
      (isReset ? '' : ': if it is right now, add --reset-clock'),
  );
}
