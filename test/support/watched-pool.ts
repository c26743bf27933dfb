import type pg from 'pg';
import type { Pool } from '../../src/event-log/database.js';

/** A pool that tells of each statement with a name that is sent through it, or through one of its connections. */
export function watchedPool(pool: Pool, onStatement: (name: string) => void): Pool {
  const query = (target: Pool | pg.PoolClient) => (statement: pg.QueryConfig) => {
    if (statement.name !== undefined) onStatement(statement.name);
    return target.query(statement);
  };
  const client = (connected: pg.PoolClient) => replaced(connected, { query: query(connected) });
  return replaced(pool, { query: query(pool), connect: () => pool.connect().then(client) });
}

/** An object as it is, but for some of its methods. */
function replaced<T extends object>(target: T, methods: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (typeof key === 'string' && Object.hasOwn(methods, key)) return methods[key];
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
