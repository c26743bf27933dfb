import { openOwnerSession } from '../event-log/connection/owner-session.js';
import { errorMessage } from './terminal/errors.js';

/**
 * Frees the earlier versions of rows of person_keys, which hold wrapped keys.
 * @param url as the owner of the table.
 * @returns a sentence that says why it was not done, and what to do
 */
export async function vacuumPersonKeys(url: string): Promise<string | undefined> {
  const warnings: string[] = [];
  try {
    const { client } = await openOwnerSession(url);
    // If PostgreSQL skips a table, it only warns, and the command succeeds.
    client.on('notice', ({ message }) => warnings.push(message ?? 'PostgreSQL sent a warning without a text'));
    try {
      await client.query('vacuum person_keys');
    } finally {
      await client.end();
    }
  } catch (error) {
    warnings.push(errorMessage(error));
  }
  if (warnings.length === 0) return undefined;
  return `the table of keys was not vacuumed (run \`vacuum person_keys\` as its owner): ${warnings.join('; ')}`;
}
