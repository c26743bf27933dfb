import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { ServerFailure } from './server-failure.js';

/** A server that runs as a child process. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when the process has ended, for whatever reason, or could not be started. */
  readonly ended: Promise<void>;
  /** The last characters of the process's output, for error messages. */
  output(): string;
  /** Sends the signal, kills the process if it does not end in time, and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** A PostgreSQL or Redis that this process has started. */
export interface EmbeddedServer {
  /** Such as "PostgreSQL". */
  readonly name: string;
  readonly url: string;
  readonly child: Child;
  /** The file that takes the server's last output if it fails. */
  readonly logFile: string;
  stop(): Promise<void>;
}

export interface ChildOptions {
  readonly uid?: number;
  readonly gid?: number;
  /** Text for the standard input of the process. */
  readonly input?: string;
}

/** A server that has not ended this long after its stop signal is killed. */
const stopTimeoutMs = 15_000;
const startCheckIntervalMs = 20;
/** How long the output of a process that has ended is waited for. */
const outputTimeoutMs = 500;
/** A server that reads its data may take this long to start: some gigabytes take a minute. */
const loadTimeoutMs = 15 * 60_000;
const keptOutputChars = 4_000;

/** The signals that stop a process: of a supervisor, of Ctrl-C, and of a terminal that closes. */
export const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const running = new Set<ChildProcess>();

/**
 * Tells all child processes to stop, and does not wait. For a process that ends before its time:
 * PostgreSQL and Redis write what they have, and end by themselves.
 */
export function abandonChildren(): void {
  for (const child of running) child.kill('SIGTERM');
}

/**
 * Until the returned function is called, a signal that ends this process also stops its children:
 * they are in process groups of their own, which no terminal reaches. A signal with a handler of
 * its own does not end the process.
 */
export function abandonChildrenOnSignal(): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return;
    abandonChildren();
    process.off(signal, onSignal);
    process.kill(process.pid, signal);
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  return () => {
    for (const signal of stopSignals) process.off(signal, onSignal);
  };
}

export function startChild(command: string, args: readonly string[], options: ChildOptions): Child {
  // Servers create their files for their own user alone: they hold personal data in the clear.
  const umask = process.umask(0o077);
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C in the terminal must not reach the servers, which stop
      // last.
      detached: true,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
    });
  } finally {
    process.umask(umask);
  }
  // An error that nothing has caught ends the process at once.
  if (running.size === 0) process.off('exit', abandonChildren).on('exit', abandonChildren);
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-keptOutputChars);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    // Processes of the server's own may keep its output open for longer.
    child.once('exit', () => setTimeout(resolve, outputTimeoutMs));
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
  });
  return {
    process: child,
    ended,
    output: () => output,
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const killTimer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await ended;
      clearTimeout(killTimer);
    },
  };
}

/** Runs a command and waits for its end. Rejects with a ServerFailure if it fails. */
export async function runChild(
  command: string,
  args: readonly string[],
  { name, logFile, ...options }: ChildOptions & { readonly name: string; readonly logFile: string },
): Promise<void> {
  const child = startChild(command, args, options);
  await child.ended;
  if (child.process.exitCode === 0) return;
  throw new ServerFailure(`${name} failed`, child.output(), { logFile, endedByItself: endedByItself(child) });
}

export function endedByItself({ process: { exitCode } }: Child): boolean {
  return exitCode !== null;
}

/** A TCP port of the loopback interface that is free at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * Repeats an attempt at short intervals until it succeeds. Rejects as soon as the child has ended,
 * or after the timeout. While the server says that it is still reading its data, more time is
 * given.
 */
export async function waitUntilStarted<T>(
  { name, child, logFile }: Pick<EmbeddedServer, 'name' | 'child' | 'logFile'>,
  timeoutMs: number,
  attempt: () => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  let deadline = startedMs + timeoutMs;
  let ended = false;
  void child.ended.then(() => {
    ended = true;
  });
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (ended) {
        throw new ServerFailure(`${name} ended while starting`, child.output(), {
          logFile,
          endedByItself: endedByItself(child),
        });
      }
      if (isLoading(error)) deadline = Math.min(performance.now() + timeoutMs, startedMs + loadTimeoutMs);
      if (performance.now() > deadline) {
        throw new Error(
          `${name} did not start within ${Math.round((performance.now() - startedMs) / 1000)} s: ${messageOf(error)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, startCheckIntervalMs));
    }
  }
}

/** Whether PostgreSQL (57P03, cannot_connect_now) or Redis (LOADING) still reads its data. */
function isLoading(error: unknown): boolean {
  return (error instanceof Error && 'code' in error && error.code === '57P03') || messageOf(error).includes('LOADING');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
