import pg from 'pg';
import { SessionRefused } from './session-refused.js';

/**
 * PostgreSQL could not do what it was asked to, for a reason that may pass. `reason` is one clause
 * without internals, fit for callers; the message also holds the cause, for operators.
 */
export class DatabaseUnavailable extends Error {
  constructor(
    readonly reason: string,
    /** Whether a change may have been made all the same: no response came to its statement. */
    readonly mayHaveBeenDone: boolean,
    cause: unknown,
  ) {
    super(`${reason}: ${messageOf(cause)}`, { cause });
    this.name = 'DatabaseUnavailable';
  }

  /** Whether PostgreSQL rolled a transaction back in favour of another one. */
  get wasRolledBack(): boolean {
    return codeOf(this.cause).startsWith('40');
  }

  /** Whether other sessions held locks for too long: other work may succeed meanwhile. */
  get isContention(): boolean {
    return /^(40...|55P03|57014)$/.test(codeOf(this.cause));
  }

  /** The same for a read: whatever happened, nothing was changed. */
  ofRead(): DatabaseUnavailable {
    return new DatabaseUnavailable(this.reason, false, this.cause);
  }
}

/**
 * Nothing has arrived from PostgreSQL, although a response was due and a new connection was tried:
 * the host cannot be reached. The message holds the cause, for operators.
 */
export class ServerSilent extends Error {
  constructor(cause: Error) {
    super(`${serverSilent}: ${cause.message}`, { cause });
    this.name = 'ServerSilent';
  }
}

const serverSilent = 'PostgreSQL does not respond: its host or the network may be away';

/** The reasons by SQLSTATE: the longest prefix counts. Any other SQLSTATE is a bug of this code. */
const reasons: readonly (readonly [sqlstate: string, reason: string])[] = [
  ['08', 'the connection to PostgreSQL broke'],
  ['25006', 'PostgreSQL is read-only: it is a standby, or was set to read-only'],
  // This process was suspended in the middle of a transaction, which is rolled back.
  ['25P03', 'PostgreSQL ended the session'],
  ['28', 'PostgreSQL refused the login of the service'],
  ['3D000', 'PostgreSQL does not have the database'],
  ['40', 'PostgreSQL rolled the transaction back in favour of another one'],
  ['53', 'PostgreSQL is out of resources'],
  ['53100', 'the disk of PostgreSQL is full'],
  ['53200', 'PostgreSQL is out of memory'],
  ['53300', 'PostgreSQL has no free connection'],
  ['55P03', 'another session holds a lock for too long'],
  ['57', 'PostgreSQL ended the session'],
  ['57014', 'PostgreSQL did not finish the statement in time'],
  ['57P01', 'PostgreSQL is shutting down'],
  ['57P02', 'PostgreSQL is restarting after a crash'],
  ['57P03', 'PostgreSQL is starting up or shutting down'],
  ['58', 'PostgreSQL could not read or write its files'],
];

export const tlsFailed = 'the TLS connection to PostgreSQL failed';

/**
 * SQLSTATEs that end a session, and may arrive after a commit. All other errors that PostgreSQL
 * responds with to a statement mean that its transaction was rolled back.
 */
const endsSession = /^(08|57P0)/;

/**
 * Describes an error of a statement if the reason may pass; undefined for any other error, which
 * is a bug of this code.
 */
export function databaseUnavailable(error: unknown): DatabaseUnavailable | undefined {
  if (error instanceof DatabaseUnavailable) return error;
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError) {
    const reason = reasonOf(code);
    return reason === undefined ? undefined : new DatabaseUnavailable(reason, endsSession.test(code), error);
  }
  if (error instanceof ServerSilent) return new DatabaseUnavailable(serverSilent, true, error.cause);
  if (/Query read timeout/.test(error.message))
    return new DatabaseUnavailable('PostgreSQL did not respond in time', true, error);
  // The client refuses statements on a connection that it knows to be broken: nothing was sent.
  if (/not queryable/.test(error.message))
    return new DatabaseUnavailable('the connection to PostgreSQL broke', false, error);
  if (isNetworkError(code) || /Connection terminated/.test(error.message))
    return new DatabaseUnavailable('the connection to PostgreSQL broke', true, error);
  return undefined;
}

/** Describes an error of connecting: whatever it is, nothing was done. */
export function couldNotConnect(error: unknown): DatabaseUnavailable {
  if (error instanceof DatabaseUnavailable) return error;
  if (error instanceof ServerSilent) return new DatabaseUnavailable(serverSilent, false, error.cause);
  return new DatabaseUnavailable(connectReason(error), false, error);
}

function connectReason(error: unknown): string {
  if (error instanceof SessionRefused) return 'PostgreSQL does not give the service the session that it needs';
  const code = codeOf(error);
  const message = messageOf(error);
  if (error instanceof pg.DatabaseError) return reasonOf(code) ?? 'PostgreSQL refused the connection';
  if (isUnreadableFile(error)) return 'a file that the URL names cannot be read';
  if (isTlsError(code) || /SSL|TLS|certificate|Hostname\/IP/.test(message)) return tlsFailed;
  if (/SASL|SCRAM|password/i.test(message)) return 'PostgreSQL refused the login of the service';
  if (/timeout exceeded when trying to connect/.test(message)) return 'no connection to PostgreSQL became free in time';
  return 'PostgreSQL cannot be reached';
}

/** A missing socket of a server has the same code, but another system call. */
function isUnreadableFile(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'open';
}

function reasonOf(code: string): string | undefined {
  const matching = reasons.filter(([sqlstate]) => code.startsWith(sqlstate));
  return matching.sort(([one], [other]) => other.length - one.length)[0]?.[1];
}

function isNetworkError(code: string): boolean {
  return /^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_)/.test(code);
}

/** Node's codes of TLS: its own, those of OpenSSL, and the results of verifying certificates. */
function isTlsError(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/.test(code);
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '');
}

/** If connecting to several addresses fails, Node's error has no message, but its errors do. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
