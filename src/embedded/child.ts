import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** A server that runs as our child, with the end of what it printed for error messages. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** The last of what it printed. */
  output(): string;
  /** Asks it to end, and insists after a while. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** Asked to stop, a server gets this long before it is killed. */
const stopTimeoutMs = 15_000;
const keptOutputChars = 4_000;

export function startChild(
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; input?: string },
): Child {
  const child = spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own: Ctrl-C in the terminal reaches us, and we stop the servers last.
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
      const insist = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await ended;
      clearTimeout(insist);
    },
  };
}

/** Runs a command to its end. Rejects with what it printed if it fails. */
export async function runChild(
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; input?: string } = {},
): Promise<void> {
  const child = startChild(command, args, options);
  await child.ended;
  if (child.process.exitCode !== 0) throw new Error(`${command} failed: ${child.output().trim()}`);
}

/** A TCP port of the loopback interface that is free at this moment. */
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

/** Tries until it works, at short intervals, for at most `timeoutMs`; gives up at once when `child` ends. */
export async function waitUntil<T>(
  what: string,
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
      if (ended) throw new Error(`${what} ended while starting: ${child.output().trim()}`);
      if (Date.now() > deadline)
        throw new Error(`${what} did not start within ${timeoutMs / 1000} s: ${(error as Error).message}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
