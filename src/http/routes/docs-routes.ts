import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { openApiDocument } from '../contract/openapi.js';
import { ProblemError, problem } from '../contract/problems.js';
import { etagOf, respond } from '../response/respond.js';
import { noFrames } from '../response/security-headers.js';
import type { AddRoute } from './router.js';

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/**
 * Everything that /docs loads: files of the package swagger-ui-dist, and the script that starts it.
 */
const files = new Map<string, () => string | Buffer>([
  ['swagger-ui.css', () => readFileSync(join(swaggerUi, 'swagger-ui.css'))],
  ['swagger-ui-bundle.js', () => readFileSync(join(swaggerUi, 'swagger-ui-bundle.js'))],
  [
    'start.js',
    () => `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });\n`,
  ],
]);

const page =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
  '<title>Order service: API</title><link rel="stylesheet" href="/docs/swagger-ui.css"><div id="docs"></div>' +
  '<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></html>\n';

/** The OpenAPI document, and a page that shows it. The page loads nothing from other hosts. */
export function docsRoutes(route: AddRoute): void {
  const document = JSON.stringify(openApiDocument());
  const etag = etagOf(document);

  route('getOpenApi', (ctx) => respond(ctx, document, etag));

  route('getDocs', (ctx) => {
    ctx.type = 'html';
    // Swagger UI sets styles by script and uses data: images.
    ctx.set(
      'Content-Security-Policy',
      `default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ${noFrames}`,
    );
    ctx.body = page;
  });

  route('getDocsFile', (ctx) => {
    const read = files.get(String(ctx.params.file));
    if (!read) throw new ProblemError(problem('not-found', `There is nothing at ${ctx.path}.`));
    ctx.type = extname(ctx.path);
    ctx.set('Cache-Control', 'public, max-age=3600');
    ctx.body = read();
  });
}
