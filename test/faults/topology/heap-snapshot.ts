import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../support/servers.js';

const timeoutMs = 120_000;

/**
 * Flags that make Node write a heap snapshot into a folder when it gets SIGUSR2. By default a
 * snapshot has only the first 1,024 characters of a string.
 */
export function heapSnapshotFlags(folder: string): string[] {
  return ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${folder}`, '--heap-snapshot-string-limit=100000000'];
}

/** Resolves with the file of a new snapshot once it is complete. */
export async function heapSnapshot(folder: string, signal: (signal: NodeJS.Signals) => void): Promise<string> {
  const earlier = new Set(await snapshotsIn(folder));
  signal('SIGUSR2');
  let file: string | undefined;
  await eventually(
    'a heap snapshot',
    async () => {
      file = (await snapshotsIn(folder)).find((one) => !earlier.has(one));
      return file !== undefined && (await isComplete(file));
    },
    timeoutMs,
  );
  return file ?? '';
}

async function snapshotsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.heapsnapshot')).map((name) => join(folder, name));
}

/** A snapshot is one JSON object, whose last member is a list. */
async function isComplete(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const end = Buffer.alloc(Math.min(size, 8));
    await handle.read(end, 0, end.length, size - end.length);
    return end.toString().trimEnd().endsWith(']}');
  } finally {
    await handle.close();
  }
}
