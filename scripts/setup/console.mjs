// dist/web/: the console and the reference of the API, bundled from web/ by esbuild. The names of
// scripts and styles hold a hash of their content, so that browsers may keep them for ever. Each
// file also lies there compressed, by Brotli and by gzip.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { filesBelow, hashOf, readStamp, readText, root, SetupError, say, writeStamp } from './project.mjs';

const outFolder = join('dist', 'web');
const page = join(outFolder, 'index.html');
/**
 * The pages, each with its script, what that reads first, and what it fills into web/page.html.
 */
const pages = {
  'index.html': {
    script: 'web/src/main.tsx',
    reads: '/access',
    root: 'console',
    title: 'Order service',
    description: 'Orders, projections and the event log of the order service',
    noscript: 'The console needs JavaScript. The API is described at <a href="/docs">/docs</a>.',
  },
  'reference.html': {
    script: 'web/src/reference/main.tsx',
    reads: '/openapi.json',
    root: 'reference',
    title: 'API · Order service',
    description: 'The API of the order service, to read and to try out',
    noscript: 'This page needs JavaScript. The document itself is at <a href="/openapi.json">/openapi.json</a>.',
  },
};
/** The client's parts that the console imports. */
const clientFiles = () => filesBelow('client').filter((file) => /^client\/[\w-]+\.ts$/.test(file));

/** Bundles the console unless dist/web/ is up to date with the sources. */
export function buildConsole() {
  const sources = [join('scripts', 'setup', 'console.mjs'), ...filesBelow('web'), ...clientFiles()];
  const wanted = hashOf(['package-lock.json', ...sources]);
  if (readStamp('console') === wanted && existsSync(join(root, page))) return;
  say('building the console');
  bundle();
  writeStamp('console', wanted);
}

function bundle() {
  const { metafile, outputFiles } = runEsbuild({
    absWorkingDir: root,
    entryPoints: {
      console: join('web', 'src', 'main.tsx'),
      reference: join('web', 'src', 'reference', 'main.tsx'),
      style: join('web', 'styles', 'main.css'),
    },
    outdir: outFolder,
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022', 'chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  rmSync(join(root, outFolder), { recursive: true, force: true });
  mkdirSync(join(root, outFolder), { recursive: true });
  for (const { path, contents } of outputFiles) write(basename(path), Buffer.from(contents));
  const pathOf = (entryPoint) =>
    Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === entryPoint) ?? '';
  const template = readText(join(root, 'web', 'page.html'));
  for (const [name, { script, reads, ...texts }] of Object.entries(pages)) {
    const values = {
      ...texts,
      script: basename(pathOf(script)),
      style: basename(pathOf('web/styles/main.css')),
      preloads: [
        ...importsOf(pathOf(script), metafile).map((part) => `<link rel="modulepreload" href="/web/${part}">`),
        `<link rel="preload" href="${reads}" as="fetch" crossorigin>`,
      ].join('\n    '),
    };
    write(name, Buffer.from(template.replace(/{{(\w+)}}/g, (_, key) => values[key])));
  }
  write('icon.svg', readFileSync(join(root, 'web', 'icon.svg')));
}

/** The files that a script imports before it runs: a browser would find them only inside of it. */
function importsOf(path, { outputs }) {
  const found = new Set();
  const follow = (one) => {
    for (const { path: imported, kind } of outputs[one].imports) {
      if (kind !== 'import-statement' || found.has(imported)) continue;
      found.add(imported);
      follow(imported);
    }
  };
  follow(path);
  return [...found].map((one) => basename(one));
}

/** Loads esbuild only now: it may have been installed by the step before. */
function runEsbuild(options) {
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  try {
    return buildSync(options);
  } catch (error) {
    throw new SetupError(`the console does not build: ${error.message}`);
  }
}

function write(name, bytes) {
  const file = join(root, outFolder, name);
  writeFileSync(file, bytes);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
}
