import pg from 'pg';
import { hostUrls } from '../../environment.js';
import type { DatabaseAccess } from './database-access.js';

/** SQLSTATEs of `set role`. */
export const insufficientPrivilege = '42501';
const invalidParameterValue = '22023';

/**
 * A session cannot be made to what the service needs. The message names the setting and the remedy.
 */
export class SessionRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SessionRefused';
  }

  /** Explains PostgreSQL's error about the role; undefined for any other error. */
  static ofSetting(error: unknown, { url, role }: DatabaseAccess): SessionRefused | undefined {
    if (!(error instanceof pg.DatabaseError)) return undefined;
    if (error.code === invalidParameterValue && error.message.includes(role)) {
      return new SessionRefused(
        `The role ${role} does not exist. Run \`orders migrate\`; ORDERS_DB_ROLE names the role.`,
        error,
      );
    }
    if (error.code !== insufficientPrivilege) return undefined;
    const login = loginOf(url);
    return new SessionRefused(
      `DATABASE_URL logs in as ${login}, which may not take on the role ${role}. As a superuser: ` +
        `grant ${role} to "${login}"; on PostgreSQL 16 or newer: grant ${role} to "${login}" with set true; ` +
        '(a grant "with set false" makes a member that may not take on the role).',
      error,
    );
  }
}

function loginOf(url: string): string {
  const [first = url] = hostUrls(url);
  return URL.canParse(first) ? decodeURIComponent(new URL(first).username) : '';
}
