import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type Router from '@koa/router';
import type { Registry } from 'prom-client';
import { projectPath } from '../project-path.js';
import { ProblemError, type ProblemName, problem, problemTypes } from './problems.js';
import type { Service } from './service.js';

const page = readFileSync(projectPath('web', 'operations.html'), 'utf8');
const pageFiles = {
  'operations.css': readFileSync(projectPath('web', 'operations.css'), 'utf8'),
  'operations.js': readFileSync(projectPath('web', 'operations.js'), 'utf8'),
};

/** The operations page, health, Prometheus metrics, and the pages behind the problem types. */
export function operationsRoutes(router: Router, service: Service, registry: Registry): void {
  for (const [file, content] of Object.entries(pageFiles)) {
    router.get(`/web/${file}`, (ctx) => {
      ctx.type = extname(file);
      ctx.set('X-Content-Type-Options', 'nosniff');
      ctx.set('Cache-Control', 'no-cache');
      ctx.body = content;
    });
  }

  router.get('/', (ctx) => {
    ctx.vary('Accept');
    if (ctx.accepts('json', 'html') === 'html') {
      ctx.type = 'html';
      // The page loads nothing from elsewhere, and runs no script but its own.
      ctx.set(
        'Content-Security-Policy',
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      );
      ctx.set('X-Content-Type-Options', 'nosniff');
      ctx.body = page;
      return;
    }
    ctx.body = {
      service: 'order-service',
      endpoints: [
        '/orders',
        '/orders/{order_id}',
        '/orders/{order_id}/history',
        '/orders/metrics',
        '/orders/batch',
        '/projections',
        '/audit/checkpoint',
      ],
      operations: ['/health/live', '/health/ready', '/metrics', '/problems'],
    };
  });

  router.get('/health/live', (ctx) => {
    ctx.body = { status: 'live' };
  });

  router.get('/health/ready', async (ctx) => {
    const health = await service.health();
    ctx.status = health.status === 'not-ready' ? 503 : 200;
    ctx.set('Cache-Control', 'no-store');
    if (ctx.status === 503) ctx.set('Retry-After', '2');
    ctx.body = health;
  });

  router.get('/metrics', async (ctx) => {
    ctx.body = await registry.metrics();
    ctx.set('Content-Type', registry.contentType);
  });

  router.get('/problems', (ctx) => {
    ctx.body = Object.entries(problemTypes).map(([name, { status, title }]) => ({
      type: `/problems/${name}`,
      status,
      title,
    }));
  });

  router.get('/problems/:name', (ctx) => {
    const name = String(ctx.params.name);
    if (!Object.hasOwn(problemTypes, name))
      throw new ProblemError(problem('not-found', `There is no problem "${name}".`));
    const { status, title, explanation } = problemTypes[name as ProblemName];
    ctx.type = 'text/html; charset=utf-8';
    ctx.body =
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
      '<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code{background:#eee;padding:.1em .3em}</style>' +
      `<h1>${title}</h1><p><code>/problems/${name}</code>, status ${status}</p>` +
      `<p>${explanation.replaceAll('<', '&lt;').replace(/`([^`]+)`/g, '<code>$1</code>')}</p></html>\n`;
  });
}
