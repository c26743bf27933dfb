import { nearestWord } from '../known-variables.js';
import { type CommandName, commandNames as orderCommands } from '../orders/commands.js';
import { projectVersion } from '../project-path.js';
import { errorMessage, UsageError } from './terminal/errors.js';
import { exitCodeOf, exitCodes } from './terminal/exit-codes.js';
import type { Terminal } from './terminal/terminal.js';

type RunCommand = (args: string[], terminal: Terminal) => Promise<void>;

const usage = `orders COMMAND

  The service
    serve [--roles api,projector]   run the service
    migrate                         bring the database schema up to date
    status [--watch]                show the lag of each projection, by partition
    doctor                          report what is configured, reachable and missing
  Orders, by the API of the running service
    get ORDER_ID, list              show orders
    place, pay ORDER_ID, ship ORDER_ID, cancel ORDER_ID, refund ORDER_ID, note ORDER_ID, …
                                    send a command
  The log and the read models
    history ORDER_ID                show the events of an order as a timeline
    replay [PROJECTION]             rebuild read models from the log, or compare them with it
    recover                         finish a restore: show what was lost, and start a new epoch
    import FILE                     import orders from an NDJSON or CSV file
    export                          write events as NDJSON or CSV that can be verified
  Audit and privacy
    verify                          check that no event was changed, removed or inserted
    checkpoint                      print a signed checkpoint of the log
    verify-proof FILE               check a proof of an order or a checkpoint, without the database
    forget USER_ID                  erase a person's data
    rotate-master-key               replace the key that wraps the keys of personal data
  Access and webhooks
    keys                            create, list and revoke API keys
    webhooks                        manage webhooks and their dead letters
  The shell
    completion bash|zsh|fish        print a script that completes commands

  \`orders COMMAND --help\` shows the options of a command. \`orders --version\` shows the release.
  Most print JSON for scripts with --json. Environment variables, or a .env file in the current
  folder, configure all of them: docs/configuration.md explains each variable.

  Exit codes
${exitCodes.map(([code, meaning]) => `    ${code}  ${meaning}`).join('\n')}`;

const act = (name: CommandName) => async () => (await import('./commands/orders.js')).actCommand(name);

/** Loads each command only when it is called: the service should not wait for the import's code. */
const commands: Readonly<Record<string, () => Promise<RunCommand>>> = {
  serve: async () => (await import('./serve.js')).serve,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
  status: async () => (await import('./commands/status.js')).statusCommand,
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand,
  get: async () => (await import('./commands/orders.js')).getCommand,
  list: async () => (await import('./commands/orders.js')).listCommand,
  ...Object.fromEntries(orderCommands.map((name) => [name, act(name)])),
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
  completion: async () => (await import('./commands/completion.js')).completionCommand(usages),
};

/** The names of all commands. */
export const commandNames: readonly string[] = Object.keys(commands);

/** The usage of each command, by its name. */
async function usages(terminal: Terminal): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>();
  for (const [name, load] of Object.entries(commands)) {
    if (name === 'completion') continue;
    let text = '';
    const print = (line: string) => {
      text += `${line}\n`;
    };
    await (await load())(['--help'], { ...terminal, print });
    all.set(name, text);
  }
  return all;
}

/**
 * Runs one command. Prints the message of an error, and sets the exit code.
 * @param args the name of the command and its arguments
 */
export async function runCommand([name, ...args]: string[], terminal: Terminal): Promise<void> {
  try {
    if (name === undefined || name === '--help' || name === '-h') return terminal.print(usage);
    if (name === '--version' || name === '-V') return terminal.print(version());
    if (name === 'help') return await runCommand(args[0] === undefined ? ['--help'] : [args[0], '--help'], terminal);
    const load = commands[name];
    if (!load || !Object.hasOwn(commands, name)) {
      const meant = nearestWord(name, commandNames);
      const hint = meant === undefined ? `\n\n${usage}` : ` Did you mean \`orders ${meant}\`?`;
      throw new UsageError(`there is no command "${name}".${hint}`);
    }
    const command = await load();
    await command(args, terminal);
  } catch (error) {
    terminal.notify(errorMessage(error));
    terminal.exitCode = exitCodeOf(error);
  }
}

function version(): string {
  return `orders ${projectVersion()} (Node ${process.versions.node})`;
}
