import pg from 'pg';
import type { Logger } from 'pino';
import { hostUrls } from '../environment.js';
import { FailureLog } from '../failure-log.js';
import type { LogEpochs } from '../log-epochs.js';
import { connectionTo, type DatabaseAddress, databaseAccess } from './connection/database-access.js';
import { clientOfPrimary } from './connection/pooled-client.js';
import { ServicePool, sendUnnamed } from './connection/service-pool.js';
import { prepareSession } from './connection/session-settings.js';
import { eventLogLimits as limits } from './limits.js';
import { readEpochs } from './read-epochs.js';

export type Pool = pg.Pool;

const utcText = /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/;

/** The last conversion. Events that were appended together have the same `recorded_at`. */
let lastConverted = { text: '', time: '' };

/**
 * Converts PostgreSQL's timestamptz text in UTC ("2026-01-31 12:00:00.5+00") to RFC 3339 with
 * milliseconds, as every time that the service shows. Microseconds are cut off.
 */
export function rfc3339(text: string): string {
  if (text !== lastConverted.text) lastConverted = { text, time: asRfc3339(text) };
  return lastConverted.time;
}

function asRfc3339(text: string): string {
  // In another time zone or date style, the result would silently be a wrong time.
  if (!utcText.test(text)) {
    throw new Error(`PostgreSQL sent the time "${text}": the session's TimeZone has to be UTC and its DateStyle ISO`);
  }
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).slice(0, 3).padEnd(3, '0')}Z`;
}

const typeParsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, Number],
  [pg.types.builtins.TIMESTAMPTZ, rfc3339],
]);

/** How the service's connections parse PostgreSQL's values. */
export const connectionTypes: pg.CustomTypesConfig = {
  // bigint becomes a number, which is exact up to 2^53; positions stay far below. Times stay text,
  // in the form that the hash covers.
  getTypeParser: ((oid: number, format?: 'text') =>
    typeParsers.get(oid) ?? pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** Configures a connection of the service. Once it is open, `prepareSession` has to follow. */
export function serviceConnection(url: string, applicationName: string): pg.ClientConfig {
  return { ...connectionTo(url, applicationName), query_timeout: limits.queryTimeoutMs, types: connectionTypes };
}

const brokenConnections = {
  failing: 'PostgreSQL: idle connections broke; the pool replaces them',
  over: 'PostgreSQL: the connections of the pool work, and no further ones broke',
};

/**
 * Creates the running service's pool. Its connections allow pipelining: a statement may be sent
 * before the response to the one before it (see append/pipelined-connection.ts).
 * @param log is warned when idle connections break; the pool replaces them by itself.
 */
export function createPool(
  address: DatabaseAddress,
  maxConnections: number,
  log?: Pick<Logger, 'info' | 'warn' | 'error'>,
): ServicePool {
  const access = databaseAccess(address);
  const [firstHost = access.url] = hostUrls(access.url);
  const pool = new ServicePool({
    ...serviceConnection(firstHost, 'orders'),
    ...(firstHost === access.url ? {} : { Client: clientOfPrimary(access.url) }),
    max: maxConnections,
    pipeline: true,
    // The pool waits for it before it uses the connection, and closes the connection if it fails.
    onConnect: async (client) => {
      if (access.directUrl !== undefined) sendUnnamed(client);
      await prepareSession(client, access);
    },
  });
  // All idle connections break at once, each with an error.
  const broken = log && new FailureLog(log, brokenConnections);
  // Without a listener, the error would end the process.
  pool.on('error', (error) => broken?.failed(error));
  pool.on('connect', () => broken?.succeeded());
  // Connections that did not break may be enough: the pool then opens no other for a long time.
  pool.on('release', (error: unknown) => {
    if (!error) broken?.succeeded();
  });
  return pool;
}

/** The log's identity and number of partitions, which are fixed when the database is created. */
export interface LogSettings {
  readonly logId: string;
  readonly partitions: number;
  /**
   * Whether one transaction may append to several partitions. False if the tables are distributed
   * over servers.
   */
  readonly appendAcrossPartitions: boolean;
  /** The epochs when the settings were read. In a further epoch the process starts over. */
  readonly epochs: LogEpochs;
}

export async function readLogSettings(pool: Pool): Promise<LogSettings> {
  const { rows } = await pool.query<{ log_id: string; partitions: number; append_across_partitions: boolean }>(
    'select log_id, partitions, append_across_partitions from log_settings',
  );
  const row = rows[0];
  if (!row) throw new Error('log_settings is empty. Run `orders migrate`.');
  const { log_id: logId, partitions, append_across_partitions: appendAcrossPartitions } = row;
  return { logId, partitions, appendAcrossPartitions, epochs: await readEpochs(pool) };
}
