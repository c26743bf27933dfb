import type pg from 'pg';
import type { Pool } from '../../src/event-log/database.js';

/**
 * A pool that reports each named statement that is sent through it or one of its connections.
 * @param onAnswer called for each answered statement, before its sender gets the result.
 */
export function watchedPool(
  pool: Pool,
  onStatement: (name: string) => void,
  onAnswer: (name: string) => Promise<void> = async () => undefined,
): Pool {
  const query = (target: Pool | pg.PoolClient) => async (statement: pg.QueryConfig, values?: unknown[]) => {
    if (statement.name === undefined) return target.query(statement, values);
    onStatement(statement.name);
    const answer = await target.query(statement, values);
    await onAnswer(statement.name);
    return answer;
  };
  const client = (connected: pg.PoolClient) => replaced(connected, { query: query(connected) });
  return replaced(pool, { query: query(pool), connect: () => pool.connect().then(client) });
}

/** A pool whose named statements fail, without being sent, if `failure` returns an error. */
export function failingPool(pool: Pool, failure: (name: string) => Error | undefined): Pool {
  return replaced(pool, {
    query: async (statement: pg.QueryConfig, values?: unknown[]) => {
      const error = statement.name === undefined ? undefined : failure(statement.name);
      if (error) throw error;
      return pool.query(statement, values);
    },
  });
}

/** An object as it is, but for some of its methods. */
export function replaced<T extends object>(target: T, methods: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (typeof key === 'string' && Object.hasOwn(methods, key)) return methods[key];
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
