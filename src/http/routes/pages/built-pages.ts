import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Context } from 'koa';
import { projectPath } from '../../../project-path.js';
import { ProblemError, problem } from '../../contract/problems.js';
import { etagOf, isCurrent } from '../../response/respond.js';
import { noFrames } from '../../response/security-headers.js';

/** A file of the console or the reference, as scripts/setup/console.mjs has compressed it. */
interface BuiltFile {
  readonly plain: Buffer;
  readonly br: Buffer;
  readonly gzip: Buffer;
}

const folder = projectPath('dist', 'web');
const files: ReadonlyMap<string, BuiltFile> = readFiles();

/** The page of a service whose console was not built, such as one that was compiled by hand. */
const notBuilt = Buffer.from(
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Order service</title>' +
    '<p>This page is not built: run <code>npm run build</code> and start the service again. ' +
    'The API is described at <a href="/openapi.json">/openapi.json</a>.</p></html>\n',
);

/**
 * Responds with a page. It loads its scripts and styles from this service alone, and none of them
 * is inline.
 * @param origins hosts that the page may call, besides this service: the token issuer's.
 */
export function respondWithPage(
  ctx: Context,
  name: 'index.html' | 'reference.html',
  origins: readonly string[] = [],
): void {
  const policy = [
    ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
    ...[["connect-src 'self'", ...origins].join(' '), noFrames],
  ];
  ctx.set('Content-Security-Policy', policy.join('; '));
  const file = files.get(name);
  if (!file) {
    ctx.type = 'html';
    ctx.body = notBuilt;
    return;
  }
  const encoding = encodingFor(ctx);
  // Each encoding has an ETag of its own (RFC 9110, 8.8.3.3).
  if (!isCurrent(ctx, etagOf(file[encoding]))) respondWithFile(ctx, file, encoding, '.html');
}

/** Responds with a script, a style sheet or the icon. */
export function respondWithAsset(ctx: Context, name: string): void {
  const file = name.endsWith('.html') ? undefined : files.get(name);
  if (file === undefined) throw new ProblemError(problem('not-found', `There is nothing at ${ctx.path}.`));
  // The name of a bundled file holds a hash of its content. The icon has a fixed name.
  ctx.set('Cache-Control', name.includes('-') ? 'public, max-age=31536000, immutable' : 'public, max-age=3600');
  respondWithFile(ctx, file, encodingFor(ctx), extname(name));
}

/** Chooses the form in which a file is sent. Every response that depends on it says so. */
function encodingFor(ctx: Context): keyof BuiltFile {
  ctx.vary('Accept-Encoding');
  // Browsers list gzip first, with the same quality.
  return (['br', 'gzip'] as const).find((encoding) => ctx.acceptsEncodings(encoding)) ?? 'plain';
}

function respondWithFile(ctx: Context, file: BuiltFile, encoding: keyof BuiltFile, extension: string): void {
  ctx.type = extension;
  if (encoding !== 'plain') ctx.set('Content-Encoding', encoding);
  ctx.body = file[encoding];
}

function readFiles(): ReadonlyMap<string, BuiltFile> {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder).filter((name) => !/\.(br|gz)$/.test(name));
  const read = (name: string) => readFileSync(join(folder, name));
  return new Map(names.map((name) => [name, { plain: read(name), br: read(`${name}.br`), gzip: read(`${name}.gz`) }]));
}
