import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectPath } from '../src/project-path.js';

/** A server as a process of its own, as the service runs in production. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The service. It logs warnings but no requests, unless `env` says otherwise. */
export function startService(env: Record<string, string>): Promise<ServerProcess> {
  return start(['../src/cli/main.js', 'serve'], env);
}

/** The service with a profiler in it. */
export interface ProfiledService extends ServerProcess {
  /** The CPU profile of the process during a task. */
  profile(task: () => Promise<unknown>): Promise<Profiler.Profile>;
}

export async function startProfiledService(env: Record<string, string>): Promise<ProfiledService> {
  const dir = await mkdtemp(join(tmpdir(), 'orders-profile-'));
  const file = join(dir, 'service.cpuprofile');
  const profiler = fileURLToPath(new URL('./profiler.js', import.meta.url));
  const service = await start(['../src/cli/main.js', 'serve'], { ...env, ORDERS_BENCH_PROFILE: file }, [
    '--import',
    profiler,
  ]);
  let profiles = 0;
  return {
    ...service,
    async profile(task) {
      process.kill(service.pid, 'SIGUSR2');
      await task();
      process.kill(service.pid, 'SIGUSR2');
      profiles += 1;
      await service.says(new RegExp(`profile ${profiles} written`));
      return JSON.parse(await readFile(file, 'utf8'));
    },
    async stop() {
      await service.stop();
      await rm(dir, { recursive: true });
    },
  };
}

/** See baseline-server.ts. */
export function startBaseline(mode: string, env: Record<string, string>): Promise<ServerProcess> {
  return start(['./baseline-server.js', mode], env);
}

/** The peak memory of a process. */
export function peakBytes({ pid }: ServerProcess): Promise<number> {
  return peakBytesOf(pid);
}

export async function peakBytesOf(pid: number): Promise<number> {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  // A process that has ended and is not collected yet has no memory.
  if (kilobytes === undefined) throw new Error(`process ${pid} has ended`);
  return 1_024 * Number(kilobytes);
}

/**
 * Waits until all read models of a service have caught up with its log. Until the service knows the
 * heads of its log, it responds with 503.
 */
export async function caughtUp(url: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/projections`);
    const { projections = [] } = (await response.json()) as {
      projections?: { lag: number; partitions: { head: number }[] }[];
    };
    const haveCaughtUp = projections.every(
      ({ lag, partitions }) => lag === 0 && partitions.some(({ head }) => head > 0),
    );
    if (response.ok && haveCaughtUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Node's flags of `npm start`: the service and its baselines run with them here too. */
function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as { scripts: { start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

/** Node's flags of `npx orders`: see scripts/setup.mjs. */
export function commandFlags(): string[] {
  return startFlags().filter((flag) => flag.startsWith('--max-semi-space-size='));
}

interface StartedProcess extends ServerProcess {
  /** Resolves when the process has printed this. */
  says(text: RegExp): Promise<void>;
}

async function start(
  [script = '', ...args]: readonly string[],
  env: Record<string, string>,
  nodeArgs: readonly string[] = [],
): Promise<StartedProcess> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [...startFlags(), ...nodeArgs, file, ...args], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let output = '';
  // Request logs are read, and kept only while something is waited for.
  let heard: (() => unknown) | undefined = () => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (heard) output += chunk.toString();
      heard?.();
    });
  }
  const says = (text: RegExp) =>
    new Promise<void>((resolve, reject) => {
      heard = () => {
        if (!text.test(output)) return;
        heard = undefined;
        resolve();
      };
      heard();
      void exited.then(() => reject(new Error(`${script} ended: ${output}`)));
    });
  const listening = /listening on (http:\S+)/;
  await says(listening);
  return {
    url: listening.exec(output)?.[1] ?? '',
    pid: child.pid ?? 0,
    says,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
