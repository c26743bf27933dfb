import { problemExample } from '../../contract/document/problem-examples.js';
import { problemsOf } from '../../contract/openapi-responses.js';
import type { Operation } from '../../contract/operation.js';
import { operations } from '../../contract/operations.js';
import { type ProblemName, problemTypes } from '../../contract/problem-types.js';
import { ProblemError, problem } from '../../contract/problems.js';
import type { ResponseBody } from '../../contract/response-schemas.js';
import type { AddRoute } from '../router.js';
import { escaped, inline, respondWithHtml } from './html.js';

/**
 * The list of problem types, and a page for each: a problem's `type` is the address of its page.
 */
export function problemPages(route: AddRoute): void {
  route('listProblems', (ctx) => {
    ctx.vary('Accept');
    const types = Object.entries(problemTypes);
    if (ctx.accepts('json', 'html') === 'html') {
      respondWithHtml(ctx, 'Problems', listPage());
      return;
    }
    ctx.body = types.map(([name, { status, title }]) => ({
      type: `/problems/${name}`,
      status,
      title,
    })) satisfies ResponseBody<'ProblemTypes'>;
  });

  route('getProblem', (ctx) => {
    const name = String(ctx.params.problem);
    if (!isProblemName(name)) throw new ProblemError(problem('not-found', `There is no problem "${name}".`));
    respondWithHtml(ctx, problemTypes[name].title, problemPage(name));
  });
}

function listPage(): string {
  const rows = Object.entries(problemTypes)
    .toSorted(([, one], [, other]) => one.status - other.status)
    .map(
      ([name, { status, title }]) =>
        `<tr><td>${status}</td><th scope="row"><a href="/problems/${name}">${escaped(title)}</a></th>` +
        `<td><code>${name}</code></td></tr>`,
    );
  return (
    '<p>Every error of the API is a problem (RFC 9457). Its <code>type</code> is the address of one of these pages. ' +
    'The calls are described in the <a href="/docs">reference</a>.</p>' +
    '<table><thead><tr><th scope="col">Status</th><th scope="col">Problem</th><th scope="col">Name</th></tr></thead>' +
    `<tbody>${rows.join('')}</tbody></table>`
  );
}

function problemPage(name: ProblemName): string {
  const { status, explanation } = problemTypes[name];
  return (
    `<p><code>/problems/${name}</code>, status ${status}</p><p>${inline(explanation)}</p>` +
    `<h2>Example</h2><pre tabindex="0"><code>${escaped(JSON.stringify(problemExample(name, exampleCall(name)), null, 2))}</code></pre>` +
    `<h2>Calls that return it</h2>${callsWith(name)}<p><a href="/problems">All problems</a></p>`
  );
}

/** A call that returns the problem: a command, if there is one. */
function exampleCall(name: ProblemName): Operation {
  const calls = Object.values<Operation>(operations).filter((operation) => problemsOf(operation).has(name));
  return calls.find(({ tag }) => tag === 'Commands') ?? calls[0] ?? operations.placeOrder;
}

/** The calls that name the problem, as links to the reference. */
function callsWith(name: ProblemName): string {
  const all = Object.entries<Operation>(operations);
  const calls = all.filter(([, operation]) => problemsOf(operation).has(name));
  if (calls.length === all.length) return '<p>Every call can return it.</p>';
  const items = calls.map(
    ([id, { method, path, summary }]) =>
      `<li><a href="/docs#/operations/${id}">${method.toUpperCase()} ${escaped(path)}</a>: ${escaped(summary)}</li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}

function isProblemName(name: string): name is ProblemName {
  return Object.hasOwn(problemTypes, name);
}
