// Gets a fresh clone ready, with Node's built-ins alone: dependencies, build, a Redis server. Each step is skipped when
// there is nothing to do, so that it costs a fraction of a second from the second time on.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = (name) => join(root, 'node_modules', `.orders-${name}`);

checkNode();
installDependencies();
build();
writeCommand();
if (!process.argv.includes('--no-redis') && !process.env.REDIS_URL) installRedis();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
}

function installDependencies() {
  const wanted = hash(['package-lock.json']);
  if (read(stamp('installed')) === wanted) return;
  say('installing dependencies (npm ci)');
  // NODE_ENV=production would leave out the compiler that the build needs.
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp('installed'), wanted);
}

function build() {
  const sources = [
    'tsconfig.json',
    'package-lock.json',
    ...['src', 'client', 'test', 'bench'].flatMap((folder) => filesBelow(folder)),
  ];
  const wanted = hash(sources);
  if (existsSync(join(root, 'dist', 'src')) && read(stamp('built')) === wanted) return;
  say('building');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')]);
  writeFileSync(stamp('built'), wanted);
}

/**
 * `npx orders …` finds the command among those of the dependencies. It runs Node with a young generation as large as that of `npm start`, which a link to
 * the script would not.
 */
function writeCommand() {
  const command = join(root, 'node_modules', '.bin', 'orders');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [youngGeneration] = /--max-semi-space-size=\d+/.exec(scripts.start);
  const text = `#!/bin/sh\nexec node ${youngGeneration} "$(dirname "$0")/../../scripts/orders.mjs" "$@"\n`;
  if (read(command) === text) return;
  mkdirSync(dirname(command), { recursive: true });
  // It may be a link, through which the script itself would be written.
  rmSync(command, { force: true });
  writeFileSync(command, text, { mode: 0o755 });
}

function installRedis() {
  if (onPath('redis-server') || onPath('valkey-server') || existsSync(read(stamp('redis-path')))) return;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    say('installing a Redis server (apt-get install redis-server)');
    // policy-rc.d: the package must not start a server of its own; ours runs on its own data and port.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const options = { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' };
    const install = () =>
      spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], options);
    let installed = install();
    if (installed.status !== 0) {
      spawnSync('apt-get', ['update', '-qq'], options);
      installed = install();
    }
    if (onPath('redis-server')) return;
    say(`apt-get could not install it: ${installed.stderr?.trim().split('\n').at(-1) ?? 'no reason given'}`);
  }
  say('building a Redis server (npm package redis-memory-server); this takes some minutes, once');
  const folder = join(root, 'node_modules', '.orders-redis');
  try {
    run('npm', [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--ignore-scripts',
      'redis-memory-server@0.17',
    ]);
    const program = `require('redis-memory-server/lib/util/RedisBinary').default.getPath().then((path) => console.log(path))`;
    const path = execFileSync(process.execPath, ['-e', program], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    writeFileSync(stamp('redis-path'), path.trim().split('\n').at(-1));
  } catch {
    fail(
      'No Redis server could be had. Install redis-server or valkey-server (Debian: apt-get install redis-server; macOS: brew install redis), or set REDIS_URL.',
    );
  }
}

function filesBelow(folder) {
  const entries = existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    : [];
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function hash(files) {
  const sum = createHash('sha256');
  for (const file of files) sum.update(`${file}\0`).update(readFileSync(join(root, file)));
  return sum.digest('hex');
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
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

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.`);
}

function say(text) {
  console.error(`set-up: ${text}`);
}

function fail(text) {
  console.error(`set-up: ${text}`);
  process.exit(1);
}
