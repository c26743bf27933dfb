import { DatabaseError } from 'pg';
import { ConfigError, loadEnvFile } from '../config.js';
import { DataDirInUse } from '../embedded/data-dir-lock.js';
import { UsageError } from './usage-error.js';

const usage = `orders <command>

  serve [--roles api,projector]   run the service
  migrate                         bring the database to this version
  status                          each projection's lag, by partition
  history ORDER_ID                what happened to an order, as a timeline
  import FILE                     read orders from an NDJSON or CSV file

  orders <command> --help tells more. Configuration is by environment: see .env.example.`;

/** A command, loaded when it is called: starting the service should not wait for the import's code. */
const commands: Readonly<Record<string, () => Promise<(args: string[]) => Promise<void>>>> = {
  serve: async () => (await import('./serve.js')).serve,
  migrate: async () => (await import('./migrate.js')).migrateCommand,
  status: async () => (await import('./status.js')).statusCommand,
  history: async () => (await import('./history.js')).historyCommand,
  import: async () => (await import('./import.js')).importCommand,
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

/** Errors that say by themselves what to do need no stack trace. */
function explain(error: unknown): string {
  const plain =
    error instanceof UsageError ||
    error instanceof ConfigError ||
    error instanceof DataDirInUse ||
    error instanceof DatabaseError;
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError) return error.errors.map(explain).join('; ');
  return plain || !process.env.ORDERS_DEBUG ? error.message : (error.stack ?? error.message);
}

loadEnvFile();
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`orders: ${explain(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
