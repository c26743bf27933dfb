import { spawn } from 'node:child_process';
import { projectPath } from '../../src/project-path.js';
import type { TestLog } from './servers.js';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output and standard error, as a person sees them. */
  readonly output: string;
}

/** Runs `orders …` as a process of its own, on this log. `running` may kill it. */
export function runOrders(
  log: Pick<TestLog, 'databaseUrl' | 'redisUrl'>,
  args: readonly string[],
  options: { env?: Record<string, string>; running?: (kill: () => void) => void } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [projectPath('scripts/orders.mjs'), ...args], {
    env: { ...process.env, DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl, ...options.env },
  });
  let stdout = '';
  let output = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  options.running?.(() => child.kill('SIGKILL'));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, output })));
}
