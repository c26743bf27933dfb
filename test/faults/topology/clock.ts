import { access, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`);

/** Each process of PostgreSQL reads the file again if it last did so this long ago. */
const cacheSeconds = 1;

/** The clock of PostgreSQL, by libfaketime: an offset to the clock of the machine, in a file. */
export interface Clock {
  /** Variables for the environment of the server. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets the clock ahead or back by a number of seconds. Resolves once that is in force. */
  step(seconds: number): Promise<void>;
}

/** @param file the file of the offset. @returns undefined if libfaketime is not installed. */
export async function openClock(file: string): Promise<Clock | undefined> {
  for (const library of libraries) {
    const exists = await access(library).then(
      () => true,
      () => false,
    );
    if (!exists) continue;
    const write = (seconds: number) => writeFile(file, `${seconds < 0 ? '' : '+'}${seconds}`, { mode: 0o644 });
    await write(0);
    const env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: String(cacheSeconds),
      // Only the time of day steps. Waits continue.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    const step = async (seconds: number) => {
      await write(seconds);
      await setTimeout(1_000 * cacheSeconds);
    };
    return { env, step };
  }
  return undefined;
}
