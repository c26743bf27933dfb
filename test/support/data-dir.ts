import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A new folder for embedded servers. Open to every user: where PostgreSQL, which does not run as root, may not enter it, its
 * data would lie elsewhere and stay there when the folder is removed.
 */
export async function createDataDir(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `orders-${name}-`));
  await chmod(folder, 0o755);
  return folder;
}
