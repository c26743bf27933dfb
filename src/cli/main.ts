import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { loadEnvFile } from './env-file.js';
import { errorMessage, UsageError } from './terminal/errors.js';

/** Time in ms that one address of a server's name gets to accept a connection. */
const addressTimeoutMs = 2_500;

const usage = `orders COMMAND

  serve [--roles api,projector]   run the service
  migrate                         bring the database schema up to date
  status                          show the lag of each projection, by partition
  history ORDER_ID                show the events of an order as a timeline
  replay [PROJECTION]             rebuild read models from the log, or compare them with it
  recover                         end a restore: show what was lost, and start a new epoch
  verify                          check that no event was changed, removed or inserted
  checkpoint                      print a signed checkpoint of the log
  verify-proof FILE               check the proof of one order, without the database
  forget USER_ID                  erase a person's data
  export                          write events as NDJSON or CSV that can be verified
  keys                            create, list and revoke API keys
  webhooks                        manage webhooks and their dead letters
  import FILE                     import orders from an NDJSON or CSV file

  \`orders COMMAND --help\` shows the options of a command.
  Environment variables configure all of them: see .env.example.`;

/** Loads each command only when it is called: the service should not wait for the import's code. */
const commands: Readonly<Record<string, () => Promise<(args: string[]) => Promise<void>>>> = {
  serve: async () => (await import('./serve.js')).serve,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
  status: async () => (await import('./commands/status.js')).statusCommand,
  history: async () => (await import('./commands/history.js')).historyCommand,
  replay: async () => (await import('./commands/replay/replay.js')).replayCommand,
  recover: async () => (await import('./commands/recover/recover.js')).recoverCommand,
  verify: async () => (await import('./commands/verify.js')).verifyCommand,
  checkpoint: async () => (await import('./commands/checkpoint.js')).checkpointCommand,
  'verify-proof': async () => (await import('./commands/verify-proof.js')).verifyProofCommand,
  export: async () => (await import('./commands/export.js')).exportCommand,
  forget: async () => (await import('./commands/forget.js')).forgetCommand,
  keys: async () => (await import('./commands/keys.js')).keysCommand,
  webhooks: async () => (await import('./commands/webhooks.js')).webhooksCommand,
  import: async () => (await import('./commands/import/import.js')).importCommand,
};

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(usage);
    return;
  }
  const load = commands[name];
  if (!load) throw new UsageError(`there is no command "${name}".\n\n${usage}`);
  const command = await load();
  await command(args);
}

/**
 * A command that has ended gets this long for its last output. A connection to a server that is
 * away would keep the process alive.
 */
const exitTimeoutMs = 1_000;

// A name may have several addresses. Node gives each only 250 ms to accept a connection, and then
// reports that all failed: too little for another continent, or for a busy server.
setDefaultAutoSelectFamilyAttemptTimeout(addressTimeoutMs);
// A reader of standard output (head, less, a log collector) may close it early. A write then fails;
// that must neither end the service nor keep a command from finishing properly.
process.stdout.on('error', () => undefined);
try {
  loadEnvFile();
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`orders: ${errorMessage(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
setTimeout(() => process.exit(), exitTimeoutMs).unref();
