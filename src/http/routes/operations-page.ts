import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { projectPath } from '../../project-path.js';
import { operations } from '../contract/operations.js';
import { ProblemError, problem } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { noFrames } from '../response/security-headers.js';
import type { AddRoute } from './router.js';

const page = readFileSync(projectPath('web', 'operations.html'), 'utf8');
const pageFiles = new Map(
  ['operations.css', 'operations.js'].map((file) => [file, readFileSync(projectPath('web', file), 'utf8')]),
);

/** GET /: the operations page for a browser, the list of endpoints for every other client. */
export function operationsPage(route: AddRoute): void {
  route('getPageFile', (ctx) => {
    const content = pageFiles.get(String(ctx.params.file));
    if (content === undefined) throw new ProblemError(problem('not-found', `There is nothing at ${ctx.path}.`));
    ctx.type = extname(ctx.path);
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = content;
  });

  route('getService', (ctx) => {
    ctx.vary('Accept');
    if (ctx.accepts('json', 'html') === 'html') {
      ctx.type = 'html';
      // The page loads its scripts and styles from this service only.
      ctx.set('Content-Security-Policy', `default-src 'self'; ${noFrames}`);
      ctx.body = page;
      return;
    }
    ctx.body = {
      service: 'order-service',
      documentation: '/docs',
      openapi: '/openapi.json',
      endpoints: Object.values(operations).map(({ method, path }) => `${method.toUpperCase()} ${path}`),
    } satisfies ResponseBody<'ServiceDescription'>;
  });
}
