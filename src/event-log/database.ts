import pg from 'pg';
import type { Logger } from 'pino';
import { eventLogLimits as limits } from './limits.js';

/** The role of the running service: it may read, and append through the append functions. */
export const serviceRole = 'orders_service';

export type Pool = pg.Pool;

/** The last conversion. Events that were appended together have the same `recorded_at`. */
let lastConverted = { text: '', time: '' };

/**
 * Converts PostgreSQL's timestamptz text in UTC ("2026-01-31 12:00:00.5+00") to RFC 3339 with
 * milliseconds.
 */
export function rfc3339(text: string): string {
  if (text !== lastConverted.text) lastConverted = { text, time: asRfc3339(text) };
  return lastConverted.time;
}

function asRfc3339(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(19, -3).slice(1).padEnd(3, '0')}Z`;
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

/** The settings of the service's sessions: its role, UTC, and a time limit for every statement. */
export function serviceConnection(
  url: string,
  applicationName: string,
  settings: readonly string[] = [],
): pg.ClientConfig {
  const options = [
    `role=${serviceRole}`,
    'timezone=UTC',
    'datestyle=ISO',
    `statement_timeout=${limits.statementTimeoutMs}`,
    ...settings,
  ];
  return {
    connectionString: url,
    application_name: applicationName,
    options: options.map((setting) => `-c ${setting}`).join(' '),
    connectionTimeoutMillis: limits.connectTimeoutMs,
    query_timeout: limits.queryTimeoutMs,
    keepAlive: true,
    types: connectionTypes,
  };
}

/**
 * Creates the running service's pool. Its connections allow pipelining: a statement may be sent
 * before the response to the one before it (see append/pipelined-connection.ts).
 * @param log is warned when an idle connection breaks; the pool replaces the connection by itself.
 */
export function createPool(url: string, maxConnections: number, log?: Pick<Logger, 'warn'>): Pool {
  const pool = new pg.Pool({ ...serviceConnection(url, 'orders'), max: maxConnections, pipeline: true });
  // Without a listener, the error would end the process.
  pool.on('error', (error) => log?.warn({ err: error }, 'PostgreSQL: an idle connection broke; the pool replaces it'));
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
}

export async function readLogSettings(pool: Pool): Promise<LogSettings> {
  const { rows } = await pool.query<{ log_id: string; partitions: number; append_across_partitions: boolean }>(
    'select log_id, partitions, append_across_partitions from log_settings',
  );
  const row = rows[0];
  if (!row) throw new Error('log_settings is empty. Run `orders migrate`.');
  const { log_id: logId, partitions, append_across_partitions: appendAcrossPartitions } = row;
  return { logId, partitions, appendAcrossPartitions };
}
