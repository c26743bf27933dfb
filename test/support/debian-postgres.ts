import { execFile } from 'node:child_process';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Child, freePort, startChild } from '../../src/embedded/child.js';
import { serverUser } from '../../src/embedded/server-user.js';
import { eventually } from './servers.js';

const run = promisify(execFile);
const versions = '/usr/lib/postgresql';

/** A PostgreSQL of the Debian package, which has pg_basebackup. */
export interface DebianPostgres {
  readonly port: number;
  /** Its address, as host and port. */
  readonly host: string;
  readonly folder: string;
  readonly child: Child;
  url(database: string): string;
}

export interface StartOptions {
  /** Further settings, such as `fsync=off`. */
  readonly settings?: readonly string[];
  /** The port; by default a free one. */
  readonly port?: number;
  /** Variables for the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The folder of the programs of the newest version. Undefined if the package is not installed. */
export async function debianPostgres(): Promise<string | undefined> {
  const found = await readdir(versions).catch(() => []);
  const newest = found
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => b - a)[0];
  return newest === undefined ? undefined : join(versions, String(newest), 'bin');
}

/** Creates the files of a primary, and starts it. Every user of this machine may log in. */
export async function startPrimary(bin: string, folder: string, options: StartOptions = {}): Promise<DebianPostgres> {
  await ownFolder(folder);
  await asServerUser(join(bin, 'initdb'), ['-D', folder, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--no-sync']);
  return start(bin, folder, options);
}

/** Copies a running primary, and starts the copy as its standby. */
export async function startStandby(
  bin: string,
  folder: string,
  primary: Pick<DebianPostgres, 'port'>,
  options: StartOptions = {},
): Promise<DebianPostgres> {
  await baseBackup(bin, folder, primary, ['-R']);
  return start(bin, folder, options);
}

/** Copies the files of a running server to a new folder. */
export async function baseBackup(
  bin: string,
  folder: string,
  server: Pick<DebianPostgres, 'port'>,
  further: readonly string[] = [],
): Promise<void> {
  await ownFolder(folder);
  const from = `host=127.0.0.1 port=${server.port} user=postgres application_name=standby`;
  const options = ['--checkpoint=fast', '--no-sync', ...further];
  await asServerUser(join(bin, 'pg_basebackup'), ['-D', folder, '-d', from, ...options]);
}

/** Starts a server on files that exist. */
export async function start(
  bin: string,
  folder: string,
  { settings: further = [], port: givenPort, env = {} }: StartOptions = {},
): Promise<DebianPostgres> {
  const port = givenPort ?? (await freePort());
  const always = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `port=${port}`, 'max_connections=60'];
  const settings = [...always, ...further].flatMap((setting) => ['-c', setting]);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  // env replaces itself by the server: the PID is the server's.
  const [program = '', ...args] = [...(variables.length === 0 ? [] : ['env', ...variables]), join(bin, 'postgres')];
  const child = startChild(program, [...args, '-D', folder, ...settings], { ...(await serverUser()) });
  const url = (database: string) => `postgresql://postgres@127.0.0.1:${port}/${database}`;
  await eventually(
    'PostgreSQL to start',
    async () => {
      const client = new pg.Client({ connectionString: url('postgres') });
      client.on('error', () => undefined);
      return client.connect().then(
        async () => {
          await client.end();
          return true;
        },
        () => false,
      );
    },
    30_000,
  );
  return { port, host: `127.0.0.1:${port}`, folder, child, url };
}

async function ownFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  const runAs = await serverUser();
  if (runAs) await chown(folder, runAs.uid, runAs.gid);
}

async function asServerUser(program: string, args: readonly string[]): Promise<void> {
  await run(program, args, { ...(await serverUser()), cwd: '/' });
}
