import type pg from 'pg';

/** Runs a task in one transaction. If it fails, the transaction is rolled back. */
export async function inTransaction<T>(pool: pg.Pool, task: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await task(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // Ends the connection, and with it the transaction.
    client.release(true);
    throw error;
  }
}
