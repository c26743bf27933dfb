import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stopOrphan } from './orphan.js';
import { findProcess, type RunningProcess } from './running-process.js';

/** The facts about a Redis that a later run needs. */
export interface RecordedRedis {
  readonly pid: number;
  readonly port: number;
  /** Undefined if an earlier version of the service has started the server. */
  readonly password: string | undefined;
  /** When the process started, as `findProcess` has it. */
  readonly started: string | undefined;
}

/** Some versions of Redis write a pidfile of their own only as a daemon. */
export async function recordRedis(
  folder: string,
  redis: { readonly pid: number; readonly port: number; readonly password: string },
): Promise<void> {
  const started = (await findProcess(redis.pid))?.started;
  await writeFile(recordFile(folder), JSON.stringify({ ...redis, started }), { mode: 0o600 });
}

/**
 * Finds the recorded Redis if it is still alive. Its command shows its address but not its folder,
 * so its start and its port identify it.
 */
export async function findRecordedRedis(
  folder: string,
): Promise<(RecordedRedis & { readonly process: RunningProcess }) | undefined> {
  const record = (await readRecord(folder)) ?? (await readEarlierRecord(folder));
  const process = record && (await findProcess(record.pid));
  if (!process || (record.started !== undefined && record.started !== process.started)) return undefined;
  // A command that Redis has not renamed yet, just after its start, has no port.
  const [, , port] = /(redis|valkey)-server (?:\S+:)?(\d+)?/.exec(process.command) ?? [];
  if (port !== undefined ? Number(port) !== record.port : record.started === undefined) return undefined;
  return { ...record, process };
}

/** Stops a Redis that has outlived the process that started it. */
export async function stopOrphanedRedis(folder: string, notify: (message: string) => void): Promise<void> {
  const orphan = await findRecordedRedis(folder);
  if (orphan) {
    await stopOrphan(orphan.process, 'SIGTERM', { name: 'Redis', folder }, () =>
      notify('stopping a Redis that an earlier run has left running'),
    );
  }
  for (const name of ['server.json', 'redis.pid', 'port']) await rm(join(folder, name), { force: true });
}

async function readRecord(folder: string): Promise<RecordedRedis | undefined> {
  try {
    return JSON.parse(await readFile(recordFile(folder), 'utf8')) as RecordedRedis;
  } catch {
    // There is none, or it was not written to its end.
    return undefined;
  }
}

/** Earlier versions kept the PID and the port in two files. */
async function readEarlierRecord(folder: string): Promise<RecordedRedis | undefined> {
  const read = async (name: string) => Number(await readFile(join(folder, name), 'utf8').catch(() => ''));
  const [pid, port] = await Promise.all([read('redis.pid'), read('port')]);
  return pid > 0 && port > 0 ? { pid, port, password: undefined, started: undefined } : undefined;
}

function recordFile(folder: string): string {
  return join(folder, 'server.json');
}
