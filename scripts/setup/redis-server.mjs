// The program redis-server. PostgreSQL comes with the dependencies; Redis has no such package.
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readStamp, root, run, SetupError, say, writeStamp } from './project.mjs';

const builder = 'redis-memory-server';

/** Installs a Redis server unless there is one: a system package if root, otherwise from source. */
export function installRedis() {
  if (onPath('redis-server') || onPath('valkey-server') || existsSync(readStamp('redis-path'))) return;
  if (process.getuid?.() === 0 && onPath('apt-get') && installPackage()) return;
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
  if (onPath('redis-server')) return true;
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

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
