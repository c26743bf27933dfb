import { loadEnvFile } from '../config.js';
import { UsageError } from './terminal/errors.js';

const usage = `orders <command>

  serve [--roles api,projector]   run the service
  migrate                         bring the database to this version
  status                          each projection's lag, by partition
  history ORDER_ID                what happened to an order, as a timeline
  replay [PROJECTION]             rebuild read models from the log, or compare them with it
  verify                          is the log what was written, all of it?
  checkpoint                      what the log is now, signed
  verify-proof FILE               check the proof of one order, without the database
  forget USER_ID                  erase a person's data
  export                          the events, as NDJSON or CSV that can be checked
  keys                            make, list and revoke API keys
  webhooks                        subscribe addresses to events; dead letters
  import FILE                     read orders from an NDJSON or CSV file

  orders <command> --help tells more. Configuration is by environment: see .env.example.`;

/** A command, loaded when it is called: starting the service should not wait for the import's code. */
const commands: Readonly<Record<string, () => Promise<(args: string[]) => Promise<void>>>> = {
  serve: async () => (await import('./serve.js')).serve,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
  status: async () => (await import('./commands/status.js')).statusCommand,
  history: async () => (await import('./commands/history.js')).historyCommand,
  replay: async () => (await import('./commands/replay/replay.js')).replayCommand,
  verify: async () => (await import('./commands/verify.js')).verifyCommand,
  checkpoint: async () => (await import('./commands/checkpoint.js')).checkpointCommand,
  'verify-proof': async () => (await import('./commands/verify-proof.js')).verifyProofCommand,
  export: async () => (await import('./commands/export.js')).exportCommand,
  forget: async () => (await import('./commands/forget.js')).forgetCommand,
  keys: async () => (await import('./commands/keys.js')).keysCommand,
  webhooks: async () => (await import('./commands/webhooks.js')).webhooksCommand,
  import: async () => (await import('./commands/import.js')).importCommand,
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

/** An error in words. Connecting to several addresses in vain is one error that holds many. */
function explain(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(explain).join('; ');
  return error instanceof Error ? error.message : String(error);
}

loadEnvFile();
// Who reads what is printed (head, less) may have seen enough: the command still ends as it should.
process.stdout.on('error', () => undefined);
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`orders: ${explain(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
