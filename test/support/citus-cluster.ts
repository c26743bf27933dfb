import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type DebianPostgres, debianPostgres, start, startPrimary } from './debian-postgres.js';

/** A coordinator and two workers of Citus, on loopback. */
export interface CitusCluster {
  /** Creates a database that the three servers share, and resolves with its address. */
  createDatabase(name: string): Promise<string>;
  /** Kills a worker, and resolves with what starts it again. */
  killWorker(): Promise<() => Promise<void>>;
  /** The statements so far that ran on more than one shard, as the coordinator has logged them. */
  statementsOfSeveralShards(): Promise<string[]>;
  stop(): Promise<void>;
}

const folders = ['coordinator', 'worker-1', 'worker-2'] as const;

/**
 * The folder of PostgreSQL's programs if Citus is installed for it; undefined otherwise. Citus is
 * no part of this project.
 */
export async function citusPostgres(): Promise<string | undefined> {
  const bin = await debianPostgres();
  const version = bin?.match(/(\d+)\/bin$/)?.[1];
  const control = `/usr/share/postgresql/${version}/extension/citus.control`;
  return access(control).then(
    () => bin,
    () => undefined,
  );
}

export async function startCitus(bin: string, folder: string): Promise<CitusCluster> {
  // The time zone of a server must not matter.
  const settings = [
    ...['shared_preload_libraries=citus', 'fsync=off', 'wal_level=logical', 'max_prepared_transactions=100'],
    ...['TimeZone=America/New_York', 'citus.node_conninfo=sslmode=disable'],
    ...['logging_collector=on', 'log_directory=log', 'log_filename=postgresql.log'],
  ];
  const servers: DebianPostgres[] = [];
  for (const name of folders) servers.push(await startPrimary(bin, join(folder, name), { settings }));
  const stop = async () => {
    await Promise.all(servers.map(({ child }) => child.stop('SIGINT')));
  };

  return {
    stop,
    async createDatabase(name) {
      const [coordinator, ...workers] = servers;
      if (!coordinator) throw new Error('there is no coordinator');
      for (const server of servers) {
        await execute(server.url('postgres'), `create database ${name} encoding 'UTF8' template template0`);
        await execute(server.url(name), 'create extension citus');
        await execute(server.url(name), `alter database ${name} set citus.multi_task_query_log_level = 'log'`);
      }
      const url = coordinator.url(name);
      await execute(url, `select citus_set_coordinator_host('127.0.0.1', ${coordinator.port})`);
      for (const { port } of workers) await execute(url, `select citus_add_node('127.0.0.1', ${port})`);
      return url;
    },
    async killWorker() {
      const killed = servers[1];
      if (!killed) throw new Error('there is no worker');
      await killed.child.stop('SIGQUIT');
      return async () => {
        servers[1] = await start(bin, killed.folder, { settings, port: killed.port });
      };
    },
    async statementsOfSeveralShards() {
      const statements: string[] = [];
      for (const { folder: data } of servers) {
        for (const file of await readdir(join(data, 'log'))) {
          const entries = (await readFile(join(data, 'log', file), 'utf8')).split(/^(?=\d{4}-\d\d-\d\d )/m);
          for (const [index, entry] of entries.entries()) {
            if (!entry.includes('multi-task query about to be executed')) continue;
            const statement = entries.slice(index, index + 4).find((one) => one.includes('STATEMENT:'));
            statements.push(
              (statement ?? entry)
                .replace(/^.*?STATEMENT:/s, '')
                .replace(/\s+/g, ' ')
                .trim(),
            );
          }
        }
      }
      return statements;
    },
  };
}

export async function execute(url: string, ...statements: string[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let result: pg.QueryResult | undefined;
    for (const statement of statements) result = await client.query(statement);
    if (!result) throw new Error('no statement was given');
    return result;
  } finally {
    await client.end();
  }
}
