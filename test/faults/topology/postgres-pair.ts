import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { preparePostgresFiles } from '../../../src/embedded/postgres-files.js';
import { serverUser } from '../../../src/embedded/server-user.js';
import {
  baseBackup,
  type DebianPostgres,
  debianPostgres,
  type StartOptions,
  start,
  startPrimary,
  startStandby,
} from '../../support/debian-postgres.js';
import { eventually } from '../../support/servers.js';
import { fillDisk, freeDisk, mountSmallDisk, unmountSmallDisk } from './small-disk.js';

const run = promisify(execFile);

const settings = [
  // Processes are killed here, never the machine: the kernel keeps what they have written.
  'fsync=off',
  'max_connections=120',
  'shared_buffers=64MB',
  'max_wal_size=96MB',
  'wal_keep_size=32MB',
  'log_min_messages=fatal',
];
const database = 'orders';

export interface PairOptions {
  readonly withStandby: boolean;
  /** Each server gets a small file system of its own, if mounting is allowed. */
  readonly onSmallDisks?: boolean;
  /** Variables for the environment of the servers. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A PostgreSQL with a synchronous standby, of which each can take the role of the other. */
export class PostgresPair {
  #bin = '';
  #primary!: DebianPostgres;
  #standby: DebianPostgres | undefined;
  readonly #options: PairOptions;
  /** The port that the next standby gets: that of the server which is gone. */
  #freedPort: number | undefined;
  /** The folder of the last base backup. */
  #base: string | undefined;
  /** Folders that have a small file system of their own. */
  readonly #disks = new Set<string>();
  #folders = 0;

  private constructor(
    readonly folder: string,
    options: PairOptions,
  ) {
    this.#options = options;
  }

  /** Uses Debian's PostgreSQL if it is installed; otherwise the embedded one, without standby. */
  static async start(folder: string, options: PairOptions): Promise<PostgresPair> {
    const debian = await debianPostgres();
    const pair = new PostgresPair(folder, { ...options, withStandby: options.withStandby && debian !== undefined });
    pair.#bin = debian ?? (await embeddedPrograms(folder));
    pair.#primary = await startPrimary(pair.#bin, await pair.#newFolder(), pair.#start());
    await pair.query(`create database ${database}`, 'postgres');
    if (pair.#options.withStandby) await pair.addStandby();
    return pair;
  }

  get hasStandby(): boolean {
    return this.#options.withStandby;
  }

  /** The URLs of the servers of the pair, the primary first. */
  get urls(): readonly string[] {
    return [this.#primary, this.#standby].flatMap((server) => (server ? [server.url(database)] : []));
  }

  /** The folder with the files of the present primary. */
  get files(): string {
    return this.#primary.folder;
  }

  get primaryUrl(): string {
    return this.#primary.url(database);
  }

  /** Whether the process of the primary runs. */
  get isUp(): boolean {
    return isRunning(this.#primary);
  }

  async query<Row extends pg.QueryResultRow>(sql: string, name = database, values?: unknown[]): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.#primary.url(name), query_timeout: 20_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The position of the last event of each partition. */
  async heads(): Promise<Map<number, number>> {
    const rows = await this.query<{ partition: number; head: string }>('select partition, head from partition_heads');
    return new Map(rows.map(({ partition, head }) => [partition, Number(head)]));
  }

  /** Sends a signal to a server and all of its processes. */
  async signal(which: 'primary' | 'standby', signal: NodeJS.Signals): Promise<void> {
    await signalAll(which === 'primary' ? this.#primary : this.#standby, signal);
  }

  /** Ends the primary without a checkpoint: `immediate` is SIGQUIT, as of pg_ctl. */
  async stopPrimary(how: 'immediate' | 'kill'): Promise<void> {
    if (how === 'immediate') await this.#primary.child.stop('SIGQUIT');
    else {
      await signalAll(this.#primary, 'SIGKILL');
      await this.#primary.child.ended;
    }
  }

  async startPrimaryAgain(): Promise<void> {
    const { folder, port } = this.#primary;
    this.#primary = await start(this.#bin, folder, this.#start(port));
  }

  /** Promotes the standby of a primary that has ended, and makes it the primary of the pair. */
  async failOver(): Promise<void> {
    const [old, promoted] = [this.#primary, this.#standby];
    if (!promoted) throw new Error('there is no standby to promote');
    this.#primary = promoted;
    this.#standby = undefined;
    await this.query('select pg_promote()', 'postgres');
    // Until the pair has a standby again, a commit has none to wait for.
    await this.#setSynchronous(false);
    await this.#remove(old);
    this.#freedPort = old.port;
  }

  /** Copies the primary to a new synchronous standby, on the port of the one that it replaces. */
  async addStandby(): Promise<void> {
    const folder = await this.#newFolder();
    this.#standby = await startStandby(this.#bin, folder, this.#primary, this.#start(this.#freedPort));
    this.#freedPort = undefined;
    await this.#setSynchronous(true);
    await eventually('the standby to be synchronous', async () => {
      const rows = await this.query<{ sync_state: string }>('select sync_state from pg_stat_replication', 'postgres');
      return rows.some(({ sync_state }) => sync_state === 'sync');
    });
  }

  /** Takes a base backup of now, and removes an earlier one. */
  async backUp(): Promise<void> {
    if (this.#base !== undefined) await this.#removeFolder(this.#base);
    const folder = await this.#newFolder();
    await baseBackup(this.#bin, folder, this.#primary);
    this.#base = folder;
  }

  /** Replaces the primary, and its standby if it has one, by the base backup, which is used up. */
  async restore(): Promise<void> {
    const folder = this.#base;
    if (folder === undefined) throw new Error('there is no base backup to restore');
    this.#base = undefined;
    const { port } = this.#primary;
    const standby = this.#standby;
    this.#standby = undefined;
    await this.stopPrimary('immediate');
    if (standby) {
      await this.#remove(standby);
      this.#freedPort = standby.port;
    }
    await this.#remove(this.#primary);
    this.#primary = await start(this.#bin, folder, this.#start(port));
    await this.#setSynchronous(false);
    if (standby) await this.addStandby();
  }

  /** Whether the primary's file system is small and can be filled. */
  get canFillDisk(): boolean {
    return this.#disks.has(dirname(this.#primary.folder));
  }

  /** Takes all the space that the primary has left. */
  async fillDisk(): Promise<void> {
    await fillDisk(dirname(this.#primary.folder));
  }

  /** Gives the space back, and starts the primary again if it did not survive. */
  async freeDisk(): Promise<void> {
    await freeDisk(dirname(this.#primary.folder));
    await eventually(
      'PostgreSQL to be back after a full disk',
      async () => {
        if (!this.isUp) await this.startPrimaryAgain();
        return this.query('select 1', 'postgres').then(
          () => true,
          () => false,
        );
      },
      30_000,
    );
  }

  async stop(): Promise<void> {
    for (const server of [this.#primary, this.#standby]) {
      if (!server || !isRunning(server)) continue;
      await signalAll(server, 'SIGCONT');
      await server.child.stop('SIGQUIT');
    }
    for (const disk of this.#disks) await unmountSmallDisk(disk);
  }

  /** A folder for the files of a server. They are in a folder of their own within it. */
  async #newFolder(): Promise<string> {
    this.#folders += 1;
    const folder = join(this.folder, `postgres-${this.#folders}`);
    await mkdir(folder);
    if (this.#options.onSmallDisks && (await mountSmallDisk(folder))) this.#disks.add(folder);
    return join(folder, 'data');
  }

  async #removeFolder(data: string): Promise<void> {
    const folder = dirname(data);
    if (this.#disks.delete(folder)) await unmountSmallDisk(folder);
    await rm(folder, { recursive: true, force: true });
  }

  async #remove(server: DebianPostgres): Promise<void> {
    await server.child.stop('SIGQUIT');
    await this.#removeFolder(server.folder);
  }

  async #setSynchronous(isSynchronous: boolean): Promise<void> {
    const names = isSynchronous ? `'standby'` : `''`;
    await this.query(`alter system set synchronous_standby_names = ${names}`, 'postgres');
    await this.query('select pg_reload_conf()', 'postgres');
  }

  #start(port?: number): StartOptions {
    const { env } = this.#options;
    return { settings, ...(port === undefined ? {} : { port }), ...(env === undefined ? {} : { env }) };
  }
}

async function embeddedPrograms(folder: string): Promise<string> {
  return dirname((await preparePostgresFiles(folder, await serverUser(), () => undefined)).postgres);
}

function isRunning({
  child: {
    process: { exitCode, signalCode },
  },
}: DebianPostgres): boolean {
  return exitCode === null && signalCode === null;
}

/** Sends a signal to the server and to its processes, each of which is in a group of its own. */
async function signalAll(server: DebianPostgres | undefined, signal: NodeJS.Signals): Promise<void> {
  const parent = server?.child.process.pid;
  if (parent === undefined) return;
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const processes = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const children = processes.filter(([, ppid]) => ppid === parent).map(([pid]) => pid);
  for (const pid of [parent, ...children]) {
    try {
      if (pid !== undefined) process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}
