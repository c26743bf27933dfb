import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Registry } from 'prom-client';
import { projectPath } from '../../project-path.js';
import { operations } from '../contract/operations.js';
import { type ProblemName, problemTypes } from '../contract/problem-types.js';
import { ProblemError, problem } from '../contract/problems.js';
import { noFrames } from '../response/security-headers.js';
import type { Service } from './dependencies.js';
import type { AddRoute } from './router.js';

const page = readFileSync(projectPath('web', 'operations.html'), 'utf8');
const pageFiles = new Map(
  ['operations.css', 'operations.js'].map((file) => [file, readFileSync(projectPath('web', file), 'utf8')]),
);

/** The operations page, health, Prometheus metrics, and the pages behind the problem types. */
export function operationsRoutes(route: AddRoute, service: Service, registry: Registry): void {
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
      // The page loads nothing from elsewhere, and runs no script but its own.
      ctx.set('Content-Security-Policy', `default-src 'self'; ${noFrames}`);
      ctx.body = page;
      return;
    }
    ctx.body = {
      service: 'order-service',
      documentation: '/docs',
      openapi: '/openapi.json',
      endpoints: Object.values(operations).map(({ method, path }) => `${method.toUpperCase()} ${path}`),
    };
  });

  route('isLive', (ctx) => {
    ctx.body = { status: 'live' };
  });

  route('isReady', async (ctx) => {
    const health = await service.health();
    ctx.status = health.status === 'not-ready' ? 503 : 200;
    ctx.set('Cache-Control', 'no-store');
    if (ctx.status === 503) ctx.set('Retry-After', '2');
    ctx.body = health;
  });

  route('getServiceMetrics', async (ctx) => {
    ctx.body = await registry.metrics();
    ctx.set('Content-Type', registry.contentType);
  });

  route('listProblems', (ctx) => {
    ctx.body = Object.entries(problemTypes).map(([name, { status, title }]) => ({
      type: `/problems/${name}`,
      status,
      title,
    }));
  });

  route('getProblem', (ctx) => {
    const name = String(ctx.params.problem);
    if (!Object.hasOwn(problemTypes, name))
      throw new ProblemError(problem('not-found', `There is no problem "${name}".`));
    const { status, title, explanation } = problemTypes[name as ProblemName];
    ctx.type = 'text/html; charset=utf-8';
    ctx.set('Content-Security-Policy', `default-src 'none'; style-src 'unsafe-inline'; ${noFrames}`);
    ctx.body =
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
      '<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code{background:#eee;padding:.1em .3em}</style>' +
      `<h1>${title}</h1><p><code>/problems/${name}</code>, status ${status}</p>` +
      `<p>${explanation.replaceAll('<', '&lt;').replace(/`([^`]+)`/g, '<code>$1</code>')}</p></html>\n`;
  });
}
