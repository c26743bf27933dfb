import { spawn } from 'node:child_process';
import { runCommand } from '../../src/cli/run-command.js';
import type { Terminal } from '../../src/cli/terminal/terminal.js';
import { projectPath } from '../../src/project-path.js';
import type { TestLog } from './servers.js';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output and standard error, as a person sees them. */
  readonly output: string;
}

type Servers = Pick<TestLog, 'databaseUrl' | 'redisUrl'>;
type Environment = Readonly<Record<string, string>>;

/**
 * A terminal that keeps what is written to it.
 * @param answer what a person types when they are asked; undefined if nobody is there
 * @param columns of its screen; undefined if it is a pipe
 */
export function recordingTerminal(
  name = '',
  env: Environment = {},
  answer?: string,
  columns?: number,
): Terminal & { ended(): Ended } {
  let stdout = '';
  let stderr = '';
  let output = '';
  const write = (text: string) => {
    stdout += text;
    output += text;
  };
  const writeError = (text: string) => {
    stderr += text;
    output += text;
  };
  return {
    command: `orders ${name}`,
    env,
    columns,
    print: (line) => write(`${line}\n`),
    async write(text) {
      write(text);
      return true;
    },
    clear: () => undefined,
    notify: (message) => writeError(`orders: ${message}\n`),
    ask: async () => answer,
    progress: { isScreen: false, write: writeError },
    logDestination: { write: writeError },
    exitCode: 0,
    ended() {
      return { code: this.exitCode, stdout, stderr, output };
    },
  };
}

/**
 * Runs `orders …` on this log in the process of the tests, which is much cheaper than a process of
 * its own.
 * @param env the whole configuration, besides the servers: the variables of this process are unused
 */
export async function runOrders(
  log: Servers,
  args: readonly string[],
  env: Environment = {},
  answer?: string,
  columns?: number,
): Promise<Ended> {
  const servers = { DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl };
  const terminal = recordingTerminal(args[0], { ...servers, ...env }, answer, columns);
  await runCommand([...args], terminal);
  return terminal.ended();
}

/** Runs `orders …` on this log as a process of its own. `running` may kill it. */
export function spawnOrders(
  log: Servers,
  args: readonly string[],
  options: { readonly env?: Environment; readonly running?: (kill: () => void) => void } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [projectPath('scripts/orders.mjs'), ...args], {
    env: { ...process.env, DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl, ...options.env },
  });
  let stdout = '';
  let stderr = '';
  let output = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    output += chunk;
  });
  options.running?.(() => child.kill('SIGKILL'));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr, output })));
}
