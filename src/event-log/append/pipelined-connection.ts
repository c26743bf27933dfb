import type pg from 'pg';
import type { Pool } from '../database.js';

/** Sends a statement without waiting for the responses to earlier ones. */
export type SendStatement = <Row extends pg.QueryResultRow>(statement: pg.QueryConfig) => Promise<pg.QueryResult<Row>>;

/** A connection with statements in flight. */
interface BusyConnection {
  readonly connecting: Promise<pg.PoolClient>;
  /** Set once `connecting` is resolved. */
  client?: pg.PoolClient;
  inFlight: number;
  /**
   * When PostgreSQL could start the oldest statement in flight: when it was sent, or when the one
   * before it ended.
   */
  oldestSince: number;
  /** The last error of a statement, or the error of connecting. */
  failed?: Error;
}

/**
 * Sends statements one behind the other over one connection of a pool. PostgreSQL starts the next
 * statement while the response to the one before it is on its way and processed here. Over two
 * connections it would work on both at once, and both would take longer. Each statement is a
 * transaction of its own and fails alone.
 *
 * ## A connection
 *
 * - **current**: `current` holds it, and new statements use it. A statement takes a connection from
 *   the pool if there is no current one, or if the current one is slow: its oldest statement has
 *   taken `slowAfterMs`.
 * - **replaced**: it is not `current`, and only finishes the statements in flight on it. A slow
 *   connection is replaced by a new one with the next statement. A connection on which a statement
 *   failed is replaced at once.
 * - **returned**: nothing is in flight on it (`inFlight` is 0). The pool has it again, or closes it
 *   if a statement failed.
 *
 * If a connection breaks, all statements in flight on it fail; their outcome is unknown.
 * @param pool with `pipeline` set.
 */
export function createPipelinedConnection(pool: Pool, slowAfterMs: number): SendStatement {
  let current: BusyConnection | undefined;

  function open(): BusyConnection {
    const connection: BusyConnection = {
      inFlight: 0,
      oldestSince: performance.now(),
      connecting: pool.connect().then((client) => {
        connection.client = client;
        return client;
      }),
    };
    return connection;
  }

  function endStatement(connection: BusyConnection): void {
    connection.inFlight -= 1;
    connection.oldestSince = performance.now();
    const isIdle = connection.inFlight === 0;
    if (current === connection && (isIdle || connection.failed)) current = undefined;
    if (!isIdle) return;
    // Like pool.query(), closes the connection after an error.
    connection.client?.release(connection.failed);
  }

  return async (statement) => {
    if (!current || performance.now() - current.oldestSince > slowAfterMs) current = open();
    const connection = current;
    connection.inFlight += 1;
    try {
      return await (connection.client ?? (await connection.connecting)).query(statement);
    } catch (error) {
      connection.failed = error as Error;
      throw error;
    } finally {
      endStatement(connection);
    }
  };
}
