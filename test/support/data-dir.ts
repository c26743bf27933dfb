import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A new folder for embedded servers, open to every user: PostgreSQL does not run as root. If it
 * could not enter the folder, its data would be elsewhere and stay there.
 */
export async function createDataDir(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `orders-${name}-`));
  await chmod(folder, 0o755);
  return folder;
}
