import { execFile } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const megabytes = 400;
const ballastName = 'ballast';

/** Mounts a small file system in memory on a folder. @returns whether that is allowed here. */
export async function mountSmallDisk(folder: string): Promise<boolean> {
  return run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder]).then(
    () => true,
    () => false,
  );
}

export async function unmountSmallDisk(folder: string): Promise<void> {
  await run('umount', ['--lazy', folder]);
}

/** Writes a file that takes all the space that is left. */
export async function fillDisk(folder: string): Promise<void> {
  const file = await open(join(folder, ballastName), 'w');
  try {
    for (let bytes = 2 ** 20; bytes > 0; ) {
      const written = await file.write(Buffer.alloc(bytes)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOSPC') throw error;
        return undefined;
      });
      if (!written) bytes = Math.floor(bytes / 2);
    }
  } finally {
    await file.close();
  }
}

export async function freeDisk(folder: string): Promise<void> {
  await rm(join(folder, ballastName), { force: true });
}
