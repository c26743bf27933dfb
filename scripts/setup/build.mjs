// dist/: compiled from src, client, test and bench. console.mjs makes dist/web/. Files of sql and
// redis are read where they are, and need no build.
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, hashOf, readStamp, root, run, say, writeStamp } from './project.mjs';

const sourceFolders = ['src', 'client', 'test', 'bench'];
const settings = ['tsconfig.json', 'package-lock.json'];
/** The output of npm pack. */
const packed = join('client', 'dist', '/');
const program = join('dist', 'src', 'cli', 'main.js');
const buildInfo = join('dist', '.tsbuildinfo');

/** The compiler's arguments for Node. Only files that changed are written. */
export const compilerArgs = [
  join('node_modules', 'typescript', 'bin', 'tsc'),
  ...['--incremental', '--tsBuildInfoFile', buildInfo],
];

/** Compiles unless dist/ is up to date with the sources. */
export function build() {
  const wanted = hashOf([...settings, ...sources()]);
  if (readStamp('built') === wanted && existsSync(join(root, program))) return;
  say('building');
  compile();
  if (!outputs().every((file) => existsSync(join(root, file)))) {
    // Outputs were deleted by hand: the incremental compiler does not notice.
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    compile();
  }
  removeOrphans();
  writeStamp('built', wanted);
}

/**
 * Whether sources changed after the last build. Reads only times unless a source is newer than
 * dist/: the command line asks at each start.
 */
export function buildIsStale() {
  if (!existsSync(join(root, sourceFolders[0]))) return false;
  const builtAt = Math.max(modifiedAt(program), modifiedAt(buildInfo));
  const files = sources();
  // A folder's time changes when a file is added, renamed or removed.
  const folders = files.map((file) => join(file, '..'));
  if ([...settings, ...files, ...folders].every((path) => modifiedAt(path) <= builtAt)) return false;
  return readStamp('built') !== hashOf([...settings, ...files]);
}

/** Without checking types, which takes twice as long as all else: `npm run check` does that. */
function compile() {
  run(process.execPath, [...compilerArgs, '--noCheck']);
}

/** TypeScript files, relative to the root. */
export function sources() {
  return sourceFolders.flatMap(filesBelow).filter((file) => file.endsWith('.ts') && !file.startsWith(packed));
}

function outputs() {
  return sources()
    .filter((file) => !file.endsWith('.d.ts'))
    .flatMap((file) => ['.js', '.js.map'].map((ending) => join('dist', file.replace(/\.ts$/, ending))));
}

/** Removes outputs whose source was renamed or removed: mocha would run a test that is gone. */
function removeOrphans() {
  const known = new Set(outputs());
  for (const file of filesBelow('dist')) {
    if (file.startsWith(join('dist', 'web', '/'))) continue;
    if (/\.js(\.map)?$/.test(file) && !known.has(file)) rmSync(join(root, file));
  }
}

/** In milliseconds; 0 if there is no such file. */
function modifiedAt(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
