import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectPath } from '../../src/project-path.js';
import type { BodyOf, OrderHistory, Problem } from './api-types.js';
import { expectContract } from './contract.js';
import { type LocalService, startLocalService } from './local-service.js';
import { createTestLog, type TestLog } from './servers.js';

/**
 * The service as a process of its own, as it runs in production. A start takes about a second of
 * CPU time: `startLocalService` is enough for tests that do not kill or inspect the process.
 */
export interface RunningService {
  readonly url: string;
  readonly process: ChildProcess;
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

const startTimeoutMs = 30_000;

export async function startService(
  log: Pick<TestLog, 'databaseUrl' | 'redisUrl'> | undefined,
  env: Record<string, string> = {},
  folder: string = projectPath('.'),
  flags: readonly string[] = ['--enable-source-maps'],
): Promise<RunningService> {
  const servers = log ? { DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl } : {};
  const child = spawn(process.execPath, [...flags, join(folder, 'dist/src/cli/main.js'), 'serve'], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...servers, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the service did not start: ${output}`)), startTimeoutMs);
    const onData = (chunk: Buffer) => {
      output += chunk.toString();
      const address = /listening on (http:\S+)/.exec(output)?.[1];
      if (!address) return;
      clearTimeout(timer);
      resolve(address);
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    void exited.then((code) => reject(new Error(`the service ended with ${code}: ${output}`)));
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    process: child,
    exited,
    output: () => output,
    kill: (signal) => child.kill(signal),
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

export interface ServiceResponse<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of a response that is not a problem. Throws if there is none. */
  readonly body: Body;
  /** Throws if the response is not a problem. */
  readonly problem: Problem;
}

/**
 * Sends a JSON request. The request and the response must be as the OpenAPI document has them; the
 * type of the response's body follows from the method and the path.
 */
export async function call<Method extends string, Path extends string>(
  service: { url: string },
  method: Method,
  path: Path,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<ServiceResponse<BodyOf<Method, Path>>> {
  const response = await fetch(service.url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  expectContract({
    method,
    path,
    requestBody: body,
    status: response.status,
    contentType: response.headers.get('content-type'),
    text,
  });
  const json = (mediaType: string) => {
    if (response.headers.get('content-type')?.startsWith(mediaType) && text !== '') return JSON.parse(text);
    throw new Error(`${method} ${path}: the response ${response.status} is not ${mediaType}: ${text}`);
  };
  return {
    status: response.status,
    headers: response.headers,
    text,
    get body() {
      return json('application/json');
    },
    get problem() {
      return json('application/problem+json');
    },
  };
}

/** The history of an order. The query may ask for changes, but not between versions. */
export async function getHistory(
  service: { url: string },
  orderId: string,
  query = '',
  headers: Record<string, string> = {},
): Promise<OrderHistory> {
  const { body } = await call(service, 'GET', `/orders/${orderId}/history?${query}`, undefined, headers);
  if ('events' in body && !('checkpoint' in body)) return body;
  throw new Error(`the history of order ${orderId} has no events`);
}

/**
 * A service on a log of its own, in this process, started before the tests of one describe and
 * stopped after.
 */
export function useService(env: Record<string, string> = {}): { readonly url: string; readonly log: TestLog } {
  let log: TestLog | undefined;
  let service: LocalService | undefined;
  before(async () => {
    log = await createTestLog();
    service = await startLocalService(log, env);
  });
  after(async () => {
    await service?.stop();
    await log?.close();
  });
  const running = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the service runs only while the tests do');
    return value;
  };
  return {
    get url() {
      return running(service).url;
    },
    get log() {
      return running(log);
    },
  };
}
