// The program redis-server. PostgreSQL comes with the dependencies; Redis has no such package.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readStamp, root, run, SetupError, say, writeStamp } from './project.mjs';

const builder = 'redis-memory-server';

/** Installs a Redis server unless there is one: a system package if root, otherwise from source. */
export function installRedis() {
  if (hasRedis() || existsSync(readStamp('redis-path'))) return;
  if (process.getuid?.() === 0 && onPath('apt-get').length > 0 && installPackage()) return;
  buildFromSource();
}

function installPackage() {
  say('installing a Redis server (apt-get install redis-server)');
  // In runlevel 1 the package starts no server of its own; ours has its own data and port.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options = { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' };
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], options);
  let installed = install();
  if (installed.status !== 0) {
    spawnSync('apt-get', ['update', '-qq'], options);
    installed = install();
  }
  if (hasRedis()) return true;
  if (onPath('redis-server').length > 0) {
    say('the installed redis-server is older than 6.2');
    return false;
  }
  say(`apt-get could not install it: ${installed.stderr?.trim().split('\n').at(-1) ?? 'no reason given'}`);
  return false;
}

/** Leaves the program's path in a stamp, which src/embedded/redis.ts reads. */
function buildFromSource() {
  say(`building a Redis server (npm package ${builder}); this takes some minutes, once`);
  const folder = join(root, 'node_modules', '.orders-redis');
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
  try {
    run('npm', ['install', '--prefix', folder, ...quiet, `${builder}@0.17`]);
    const program = `require('${builder}/lib/util/RedisBinary').default.getPath().then((path) => console.log(path))`;
    const printed = execFileSync(process.execPath, ['-e', program], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    writeStamp('redis-path', printed.trim().split('\n').at(-1));
  } catch (error) {
    if (error instanceof SetupError) say(error.message);
    throw new SetupError(
      'No Redis server could be installed. Install redis-server or valkey-server (Debian: apt-get install ' +
        'redis-server; macOS: brew install redis), or set REDIS_URL.',
    );
  }
}

/** Whether the PATH has a server that is new enough. src/embedded/redis.ts agrees. */
export function hasRedis() {
  return [...onPath('redis-server'), ...onPath('valkey-server')].some((file) => {
    const printed = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '';
    const [major, minor] = (/ v=(\d+)\.(\d+)/.exec(printed) ?? []).slice(1).map(Number);
    return !(major < 6 || (major === 6 && minor < 2));
  });
}

/** @returns {string[]} the files of this name on the PATH that can be executed */
function onPath(program) {
  const files = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return files.filter((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
