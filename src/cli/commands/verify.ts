import { availableParallelism } from 'node:os';
import { verifyExport } from '../../audit/verify-export.js';
import { verifyLog } from '../../audit/verify-log.js';
import { readConfig } from '../../config.js';
import { allProjections } from '../../projections/all-projections.js';
import { FoldTooLarge } from '../../projector/dry-run/memory-store.js';
import { verifyProjections } from '../../service/runs/verify-projections.js';
import { type CommandContext, type EventLogContext, withConnections, withEventLog } from '../connections.js';
import { readCheckpoint } from '../read-checkpoint.js';
import { requireFile } from '../read-file.js';
import { readArguments } from '../terminal/arguments.js';
import { errorMessage, wrongCall } from '../terminal/errors.js';
import { ProgressBar } from '../terminal/progress-bar.js';
import type { Terminal } from '../terminal/terminal.js';
import { type ComparedProjection, ComparisonView } from './replay/compared.js';
import { dryRun } from './replay/dry-run.js';

/** Partitions that are verified at the same time, each on a connection of its own. */
const partitionsAtOnce = 4;
const poolSize = partitionsAtOnce + 1;
/** Threads that compare read models: PostgreSQL and Redis need processors too. */
const maxThreads = 4;

const usage = `orders verify [options]

  Checks that no event was changed, removed or inserted: recomputes the hash chain of every
  partition, and reports the first event of each that is wrong, missing, inserted or out of order.

  --against FILE   also check that the log still holds all events of a signed checkpoint, unchanged
                   (a checkpoint comes from \`orders checkpoint\` or GET /audit/checkpoint)
  --key FILE       the public keys that you trust to sign checkpoints: JWKS, JWK or PEM;
                   by default the keys of this service
  --projections    also compare every read model with the log
  --json           print one JSON document: {"log_id", "partitions", "events", "against",
                   "is_intact", "findings"}, with --projections also "projections" and
                   "projections_error"; with --export {"file", "is_intact", "events",
                   "left_out", "against", "line", "error"}
  --export FILE    instead check a file written by \`orders export\`, without the database; with
                   --against also that it holds all events of the checkpoint

  Example: orders verify --against checkpoint.json --key trusted.pem
           orders verify --json | jq .is_intact
  Exit code 3: at least one check failed.`;

/**
 * `orders verify`: checks that no event was changed, removed or inserted, and that the read models
 * match the log.
 */
export async function verifyCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = {
    against: { type: 'string' },
    key: { type: 'string' },
    projections: { type: 'boolean' },
    export: { type: 'string' },
    json: { type: 'boolean' },
  } as const;
  const { values } = readArguments(args, usage, options, 0);
  if (values.help) return terminal.print(usage);
  const { against, key, json = false } = values;
  if (key !== undefined && against === undefined) throw wrongCall('--key goes with --against', usage);
  if (values.export !== undefined) {
    if (values.projections) throw wrongCall('--export and --projections do not go together', usage);
    return checkExport(terminal, values.export, { against, key, json });
  }
  if (!values.projections) {
    return withEventLog({ terminal, poolSize }, async (context) => {
      const document = await checkLog(context, against, key, json);
      if (json) terminal.print(JSON.stringify(document));
    });
  }
  await withConnections({ terminal, poolSize }, async (context) => {
    const document = await checkLog(context, against, key, json);
    const compared = await checkProjections(context, json).catch((error: unknown) => {
      // The verification of the log has ended, so its result is reported all the same.
      terminal.notify(`the read models were not compared: ${errorMessage(error)}`);
      terminal.exitCode ||= 1;
      return { projections: null, projections_error: errorMessage(error) };
    });
    if (json) terminal.print(JSON.stringify({ ...document, ...compared }));
  });
}

/** The part of the JSON document that has the comparison of the read models. */
interface Comparisons {
  readonly projections: readonly ComparedProjection[];
  /** Why they were not compared. */
  readonly projections_error: null;
}

/** Compares all read models with the log, which is read once for all of them. */
async function checkProjections(context: CommandContext, json: boolean): Promise<Comparisons> {
  const { terminal, servers, config } = context;
  const { databaseRole, personalDataKeyFile } = config;
  const { databaseUrl, directDatabaseUrl, redisUrl } = servers;
  const connection = { servers: { databaseUrl, directDatabaseUrl, redisUrl }, databaseRole, personalDataKeyFile };
  const bar = new ProgressBar('events', terminal);
  const view = new ComparisonView(terminal, json);
  try {
    const verified = await verifyProjections(context, allProjections, {
      threads: { count: Math.min(availableParallelism(), maxThreads), connection },
      onProgress: (share, events) => bar.update(share, events),
      onDifference: (difference) => {
        bar.end();
        view.add(difference);
      },
    }).finally(() => bar.end());
    for (const [index, { name }] of allProjections.entries()) {
      const compared = verified[index];
      if (compared) view.end(name, compared);
    }
    return { projections: view.documents(), projections_error: null };
  } catch (error) {
    if (!(error instanceof FoldTooLarge)) throw error;
    terminal.notify('a partition is too large to be folded in memory: the log is replayed into Redis');
    // The replay finds again what the fold has shown so far.
    const again = new ComparisonView(terminal, json);
    await dryRun(context, allProjections, undefined, again);
    return { projections: again.documents(), projections_error: null };
  }
}

/** Returns the JSON document. Prints lines for a person unless that document is wanted. */
async function checkLog(
  { terminal, pool, settings, config }: EventLogContext,
  checkpointFile: string | undefined,
  keyFile: string | undefined,
  json: boolean,
): Promise<object> {
  const checkpoint =
    checkpointFile === undefined ? undefined : (await readCheckpoint(checkpointFile, keyFile, config)).checkpoint;
  const say = (text: string) => {
    if (!json) terminal.print(text);
  };
  const fail = (text: string) => {
    say(text);
    terminal.exitCode = 3;
  };
  for (const { name, startedAt } of settings.epochs.further) say(`epoch ${name} of the log began at ${startedAt}`);
  const isSameLog = checkpoint?.log_id === settings.logId;
  if (checkpoint && !isSameLog) {
    fail(`the checkpoint is of log ${checkpoint.log_id}, but this is log ${settings.logId}: it was replaced`);
  }
  const bar = new ProgressBar('events', terminal);
  let events = 0;
  const findings = await verifyLog({
    pool,
    partitions: settings.partitions,
    epochs: settings.epochs,
    against: checkpoint,
    inParallel: partitionsAtOnce,
    onProgress: (done, total) => bar.update(done / Math.max(1, total), done),
    onVerified: (verified) => {
      events = verified;
    },
  });
  bar.end();
  for (const { partition, position, reason, detail } of findings) {
    fail(`partition ${partition}, position ${position}: ${reason}: ${detail}`);
  }
  const against = checkpoint ? { log_id: checkpoint.log_id, created_at: checkpoint.created_at } : null;
  const { logId: log_id, partitions } = settings;
  const is_intact = findings.length === 0 && (!checkpoint || isSameLog);
  const document = { log_id, partitions, events, against, is_intact, findings };
  if (findings.length > 0) return document;
  const seconds = bar.elapsedSeconds().toFixed(1);
  say(`the log is intact: ${events.toLocaleString('en')} events in ${settings.partitions} partitions, ${seconds} s`);
  if (isSameLog) say(`the log holds all events of the checkpoint of ${checkpoint.created_at}`);
  return document;
}

async function checkExport(
  terminal: Terminal,
  file: string,
  { against, key, json }: { against: string | undefined; key: string | undefined; json: boolean },
): Promise<void> {
  const signed = against === undefined ? undefined : await readCheckpoint(against, key, readConfig(terminal.env));
  const checkpoint = signed?.checkpoint;
  await requireFile(file);
  const { events, leftOut, flaw } = await verifyExport(file, checkpoint);
  if (flaw) terminal.exitCode = 3;
  if (json) {
    const { line = null, broken: error = null } = flaw ?? {};
    const signedAs = checkpoint ? { log_id: checkpoint.log_id, created_at: checkpoint.created_at } : null;
    const counts = { events, left_out: leftOut, against: signedAs };
    return terminal.print(JSON.stringify({ file, is_intact: !flaw, ...counts, line, error }));
  }
  if (flaw) return terminal.print(flaw.line === null ? flaw.broken : `line ${flaw.line}: ${flaw.broken}`);
  terminal.print(`${events.toLocaleString('en')} events match their hashes`);
  if (checkpoint) terminal.print(`the file holds all events of the checkpoint of ${checkpoint.created_at}`);
  else if (leftOut > 0) {
    const left = `the file leaves out ${leftOut.toLocaleString('en')} of the events that precede them`;
    terminal.notify(`${left}: it is a part of the log, or lines were removed; --against CHECKPOINT finds out`);
  }
}
