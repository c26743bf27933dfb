import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';

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
  readonly url: string;
  readonly child: Child;
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
const keptOutputChars = 4_000;

export function startChild(command: string, args: readonly string[], options: ChildOptions): Child {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own: Ctrl-C in the terminal must not reach the servers, which stop
    // last.
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-keptOutputChars);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
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

/** Runs a command and waits for its end. Rejects with its output if it fails. */
export async function runChild(command: string, args: readonly string[], options: ChildOptions = {}): Promise<void> {
  const child = startChild(command, args, options);
  await child.ended;
  if (child.process.exitCode !== 0) throw new Error(`${command} failed: ${child.output().trim()}`);
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
 * or after the timeout.
 * @param name the name of the server, for error messages.
 */
export async function waitUntilStarted<T>(
  name: string,
  child: Child,
  timeoutMs: number,
  attempt: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let ended = false;
  void child.ended.then(() => {
    ended = true;
  });
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (ended) throw new Error(`${name} ended while starting: ${child.output().trim()}`);
      if (Date.now() > deadline) {
        throw new Error(`${name} did not start within ${timeoutMs / 1000} s: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, startCheckIntervalMs));
    }
  }
}
