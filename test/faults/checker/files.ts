import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Finds the names that are somewhere in the bytes of a file. A file that has gone has none. */
export async function namesInFile(file: string, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  const longest = Math.max(0, ...names.map((name) => Buffer.byteLength(name)));
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 4 * 1024 * 1024 })) {
      // A name may begin in one chunk and end in the next.
      const bytes = Buffer.concat([rest, chunk as Buffer]);
      for (const name of names) if (!found.has(name) && bytes.includes(name)) found.add(name);
      rest = bytes.subarray(Math.max(0, bytes.length - longest + 1));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return [...found];
}

/** Finds the names in the files of a folder and its subfolders. */
export async function findNamesInFolder(what: string, folder: string, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    for (const name of await namesInFile(file, names)) found.push(`${what}, ${file}, has the forgotten name ${name}.`);
  }
  return found;
}
