import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectPath } from '../src/project-path.js';
import { load } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';

const run = promisify(execFile);
const connections = 64;

/** A load on one path. */
export interface OutsideLoad {
  readonly perSecond: number;
  /** Milliseconds within which 99 % of the requests were answered. */
  readonly p99: number;
}

/** Sends the load: wrk (Debian's package) if it is installed, or else this process. */
export interface LoadGenerator {
  readonly name: string;
  /** Places orders with respond-async, on 64 connections. */
  placeOrders(url: string, seconds: number): Promise<OutsideLoad>;
  /** Reads one path, on 64 connections. */
  read(url: string, path: string, seconds: number): Promise<OutsideLoad>;
}

export async function loadGenerator(): Promise<LoadGenerator> {
  const found = await run('wrk', ['-v']).catch((error: { code?: unknown }) => error);
  return 'code' in found && found.code === 'ENOENT' ? own : wrk;
}

const own: LoadGenerator = {
  name: 'the bench itself (wrk is not installed)',
  placeOrders: (url, seconds) => load(url, connections, seconds, () => placeRequest(respondAsync)),
  read: (url, path, seconds) => load(url, connections, seconds, () => ({ method: 'GET', path })),
};

const wrk: LoadGenerator = {
  name: 'wrk',
  placeOrders: (url, seconds) => runWrk(['-s', projectPath('bench/place-orders.lua'), url], seconds),
  read: (url, path, seconds) => runWrk([`${url}${path}`], seconds),
};

async function runWrk(args: readonly string[], seconds: number): Promise<OutsideLoad> {
  const options = [
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    `${Math.ceil(seconds)}s`,
    '--timeout',
    '10s',
    '--latency',
  ];
  const { stdout } = await run('wrk', [...options, ...args]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`a request of the load failed:\n${stdout}`);
  const [, figure, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const p99 = Number(figure) * ({ us: 0.001, ms: 1, s: 1_000 }[unit ?? ''] ?? Number.NaN);
  if (Number.isNaN(perSecond + p99)) throw new Error(`wrk printed something else than expected:\n${stdout}`);
  return { perSecond, p99 };
}
