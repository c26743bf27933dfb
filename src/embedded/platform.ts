/** The parts of the platform that decide whether the embedded servers run. */
export interface Platform {
  readonly os: NodeJS.Platform;
  /** Whether the C library is glibc. The programs of the embedded PostgreSQL for Linux need it. */
  readonly hasGlibc: boolean;
}

const remedy = 'set DATABASE_URL and REDIS_URL to servers of your own';

/**
 * Says in one sentence why the embedded servers do not run on this platform. Undefined if they do.
 * scripts/setup/platform.mjs asks the same before anything is installed.
 */
export function unsupportedPlatform({ os, hasGlibc }: Platform = thisPlatform()): string | undefined {
  if (os === 'win32') return `the embedded servers do not run on Windows: run the service in WSL 2, or ${remedy}`;
  if (os === 'linux' && !hasGlibc) {
    return `the embedded PostgreSQL does not run on Alpine and other Linux systems with musl: ${remedy}`;
  }
  return undefined;
}

function thisPlatform(): Platform {
  return { os: process.platform, hasGlibc: process.platform !== 'linux' || hasGlibc() };
}

/** Node's report names the version of glibc only if Node itself runs on it. */
function hasGlibc(): boolean {
  // Without this, the report looks up names of network addresses.
  Object.assign(process.report, { excludeNetwork: true });
  const report: unknown = process.report.getReport();
  const header: unknown = typeof report === 'object' && report !== null && 'header' in report ? report.header : {};
  return typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header;
}
