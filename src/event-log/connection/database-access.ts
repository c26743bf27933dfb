import { hostUrls } from '../../environment.js';
import { eventLogLimits as limits } from '../limits.js';

/** The role of the running service unless ORDERS_DB_ROLE names another one. */
export const defaultServiceRole = 'orders_service';

/** How the service reaches its database. */
export interface DatabaseAccess {
  /** The address of commands and reads. It may lead to a connection pooler. */
  readonly url: string;
  /**
   * The address of PostgreSQL itself, for what belongs to one session: LISTEN and session-level
   * advisory locks. Set only if `url` leads to a pooler in transaction mode.
   */
  readonly directUrl?: string | undefined;
  /** The role that the service's sessions take on. It may read, and append by the functions. */
  readonly role: string;
  /** The search_path of the sessions, which leads to the log's schema. See log-schema.ts. */
  readonly searchPath?: string | undefined;
}

/** A URL stands for the database at that URL, with the default role and without a pooler. */
export type DatabaseAddress = string | DatabaseAccess;

export function databaseAccess(address: DatabaseAddress): DatabaseAccess {
  return typeof address === 'string' ? { url: address, role: defaultServiceRole } : address;
}

/** The same database, without a pooler in transaction mode. */
export function directAccess(address: DatabaseAddress): DatabaseAccess {
  const { url, directUrl, role, searchPath } = databaseAccess(address);
  return { url: directUrl ?? url, role, searchPath };
}

/** The address without user, password and parameters, for messages. */
export function describeAddress(url: string): string {
  const urls = hostUrls(url);
  if (!urls.every((one) => URL.canParse(one))) return 'an address that is not a URL';
  const hosts = urls.map((one) => new URL(one).host || new URL(one).searchParams.get('host') || 'localhost');
  return `${hosts.join(',')}${new URL(urls[0] ?? url).pathname}`;
}

/** The configuration that all connections to PostgreSQL share. */
export function connectionTo(url: string, applicationName: string) {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    keepAlive: true,
  } as const;
}
