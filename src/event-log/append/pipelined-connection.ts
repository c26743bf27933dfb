import type pg from 'pg';
import type { Pool } from '../database.js';

/** Sends a statement; those that are under way are not waited for. */
export type SendStatement = <Row extends pg.QueryResultRow>(statement: pg.QueryConfig) => Promise<pg.QueryResult<Row>>;

/** A connection, as long as statements are under way on it. */
interface OpenConnection {
  readonly connecting: Promise<pg.PoolClient>;
  client?: pg.PoolClient;
  underWay: number;
  /** When PostgreSQL could begin with the one in front: when it was sent, or the one before it was over. */
  frontSince: number;
  failed?: Error;
}

/**
 * Sends statements over one connection of a pool, one behind the other: PostgreSQL goes on with the next while the answer to the one before is on its
 * way and taken in here. Over two connections it would work at both at once, and both would take longer. Each statement is a transaction of its own, and
 * fails alone. Once the one in front has taken `heldUpMs`, what comes next does not wait for it, but has another connection.
 *
 * The connection is the pool's again as soon as nothing is under way. If it breaks, all that was under way on it fails, with an outcome that is unknown.
 * @param pool with `pipeline` set.
 */
export function createPipelinedConnection(pool: Pool, heldUpMs: number): SendStatement {
  let lane: OpenConnection | undefined;

  function open(): OpenConnection {
    const opened: OpenConnection = {
      underWay: 0,
      frontSince: performance.now(),
      connecting: pool.connect().then((client) => {
        opened.client = client;
        // A connection that breaks fails what is under way on it. Its event says no more than that, and would end the process if nobody heard it.
        client.on('error', ignore);
        return client;
      }),
    };
    return opened;
  }

  function leave(left: OpenConnection): void {
    left.underWay -= 1;
    left.frontSince = performance.now();
    const isOver = left.underWay === 0;
    if (lane === left && (isOver || left.failed)) lane = undefined;
    if (!isOver) return;
    left.client?.off('error', ignore);
    // After an error it is not used again, as the pool does it.
    left.client?.release(left.failed);
  }

  return async (statement) => {
    if (!lane || performance.now() - lane.frontSince > heldUpMs) lane = open();
    const own = lane;
    own.underWay += 1;
    try {
      return await (own.client ?? (await own.connecting)).query(statement);
    } catch (error) {
      own.failed = error as Error;
      throw error;
    } finally {
      leave(own);
    }
  };
}

function ignore(): void {}
