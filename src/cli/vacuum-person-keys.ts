import { openOwnerSession } from '../event-log/connection/owner-session.js';
import { errorMessage } from './terminal/errors.js';

/**
 * Frees the earlier versions of rows of person_keys, which hold wrapped keys.
 * @param url as the owner of the table.
 * @returns a sentence that says why it was not done, and what to do
 */
export async function vacuumPersonKeys(url: string): Promise<string | undefined> {
  try {
    const { client } = await openOwnerSession(url);
    try {
      await client.query('vacuum person_keys');
    } finally {
      await client.end();
    }
    return undefined;
  } catch (error) {
    return `the table of keys was not vacuumed (run \`vacuum person_keys\` as its owner): ${errorMessage(error)}`;
  }
}
