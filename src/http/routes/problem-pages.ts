import { type ProblemName, problemTypes } from '../contract/problem-types.js';
import { ProblemError, problem } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { noFrames } from '../response/security-headers.js';
import type { AddRoute } from './router.js';

/**
 * The list of problem types, and a page for each: a problem's `type` is the address of its page.
 */
export function problemPages(route: AddRoute): void {
  route('listProblems', (ctx) => {
    ctx.body = Object.entries(problemTypes).map(([name, { status, title }]) => ({
      type: `/problems/${name}`,
      status,
      title,
    })) satisfies ResponseBody<'ProblemTypes'>;
  });

  route('getProblem', (ctx) => {
    const name = String(ctx.params.problem);
    if (!isProblemName(name)) throw new ProblemError(problem('not-found', `There is no problem "${name}".`));
    const { status, title, explanation } = problemTypes[name];
    ctx.type = 'text/html; charset=utf-8';
    ctx.set('Content-Security-Policy', `default-src 'none'; style-src 'unsafe-inline'; ${noFrames}`);
    ctx.body =
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
      '<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code{background:#eee;padding:.1em .3em}</style>' +
      `<h1>${title}</h1><p><code>/problems/${name}</code>, status ${status}</p>` +
      `<p>${explanation.replaceAll('<', '&lt;').replace(/`([^`]+)`/g, '<code>$1</code>')}</p></html>\n`;
  });
}

function isProblemName(name: string): name is ProblemName {
  return Object.hasOwn(problemTypes, name);
}
