import { errorMessage, UsageError } from './terminal/errors.js';
import type { Terminal } from './terminal/terminal.js';

type RunCommand = (args: string[], terminal: Terminal) => Promise<void>;

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
  rotate-master-key               replace the key that wraps the keys of personal data
  export                          write events as NDJSON or CSV that can be verified
  keys                            create, list and revoke API keys
  webhooks                        manage webhooks and their dead letters
  import FILE                     import orders from an NDJSON or CSV file

  \`orders COMMAND --help\` shows the options of a command.
  Environment variables configure all of them: see .env.example.`;

/** Loads each command only when it is called: the service should not wait for the import's code. */
const commands: Readonly<Record<string, () => Promise<RunCommand>>> = {
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
  'rotate-master-key': async () => (await import('./commands/rotate-master-key.js')).rotateMasterKeyCommand,
  keys: async () => (await import('./commands/keys.js')).keysCommand,
  webhooks: async () => (await import('./commands/webhooks.js')).webhooksCommand,
  import: async () => (await import('./commands/import/import.js')).importCommand,
};

/**
 * Runs one command. An error is a message at the terminal and an exit code: 2 if the command was
 * called in a wrong way, otherwise 1.
 * @param args the name of the command and its arguments
 */
export async function runCommand([name, ...args]: string[], terminal: Terminal): Promise<void> {
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') return terminal.print(usage);
    const load = commands[name];
    if (!load) throw new UsageError(`there is no command "${name}".\n\n${usage}`);
    const command = await load();
    await command(args, terminal);
  } catch (error) {
    terminal.notify(errorMessage(error));
    terminal.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
