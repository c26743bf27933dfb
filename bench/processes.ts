import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A server as a process of its own, as the service runs in production. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The service, logging requests as it does by default, to nowhere. */
export function startService(env: Record<string, string>): Promise<ServerProcess> {
  return start(['../src/cli/main.js', 'serve'], env);
}

/** See yardstick-server.ts. */
export function startYardstick(mode: string, env: Record<string, string>): Promise<ServerProcess> {
  return start(['./yardstick-server.js', mode], env);
}

async function start([script = '', ...args]: readonly string[], env: Record<string, string>): Promise<ServerProcess> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    const hear = (chunk: Buffer) => {
      output += chunk.toString();
      const listening = /listening on (http:\S+)/.exec(output)?.[1];
      if (listening) resolve(listening);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    void exited.then(() => reject(new Error(`${script} ended: ${output}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
