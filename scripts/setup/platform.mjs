// Whether this platform has what the set-up needs. Asked before anything is installed.
import { SetupError } from './project.mjs';

/**
 * Throws a SetupError with one sentence if the embedded servers would not run and no others are
 * configured. src/embedded/platform.ts asks the same when the service starts.
 */
export function checkPlatform(env = process.env, platform = process.platform, glibc = hasGlibc()) {
  if (env.DATABASE_URL && env.REDIS_URL) return;
  const remedy = 'set DATABASE_URL and REDIS_URL to servers of your own';
  if (platform === 'win32') {
    throw new SetupError(`the embedded servers do not run on Windows: run the service in WSL 2, or ${remedy}.`);
  }
  if (platform === 'linux' && !glibc) {
    throw new SetupError(
      `the embedded PostgreSQL does not run on Alpine and other Linux systems with musl: ${remedy}.`,
    );
  }
}

/** Node's report names the version of glibc only if Node itself runs on it. */
function hasGlibc() {
  // Without this, the report looks up names of network addresses.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}
