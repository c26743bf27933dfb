import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import ts from 'typescript';
import { commandNames, runCommand } from '../../src/cli/run-command.js';
import { projectPath } from '../../src/project-path.js';
import { blocksOf, documents } from '../support/document-blocks.js';
import { recordingTerminal } from '../support/orders-command.js';

const blocks = documents.flatMap(blocksOf);

describe('the code blocks of the documents', () => {
  it('call only commands and options of orders that exist', async () => {
    const calls = blocks.flatMap(({ page, code }) =>
      code
        .replaceAll(/\\\n/g, ' ')
        .split('\n')
        .flatMap((line) => /(?:npx orders|scripts\/orders\.mjs) +(.*)/.exec(line)?.[1]?.split(/ [#|>] ?/)[0] ?? [])
        .map((call) => ({ page, call })),
    );
    expect(calls.length).to.be.greaterThan(30);
    for (const { page, call } of calls) {
      const [name = '', action = ''] = call.split(/\s+/);
      if (name.startsWith('-')) continue;
      expect(commandNames, `${page}: orders ${call}`).to.include(name);
      const usage = await usageOf(name);
      if (/^(keys|webhooks|completion)$/.test(name)) expect(usage, `${page}: orders ${call}`).to.include(action);
      for (const [option] of call.replaceAll(/"[^"]*"|'[^']*'/g, '').matchAll(/(?<=\s)--[\w-]+/g)) {
        expect(usage.match(/--[\w-]+/g), `${page}: orders ${call}`).to.include(option);
      }
    }
  });

  it('call only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as { scripts: object };
    const called = blocks.flatMap(({ page, code }) =>
      [...code.matchAll(/\bnpm run (?:-\S+ )*([\w:]+)/g)].map(([, name = '']) => ({ page, name })),
    );
    expect(called.length).to.be.greaterThan(5);
    for (const { page, name } of called) expect(scripts, page).to.have.property(name);
  });

  it('use the client as its types allow', () => {
    const examplesOf = (wanted: string) =>
      blocks.flatMap(({ page, language, code }) => (page === wanted && language === 'ts' ? [code] : []));
    const [guide, webhooks, readme] = ['docs/http-guide.md', 'docs/webhooks.md', 'client/README.md'].map(examplesOf);
    // The blocks of the client's README continue each other.
    const examples = [...(guide ?? []), ...(webhooks ?? []), (readme ?? []).join('\n')];
    expect(examples).to.have.length(8);
    expect(problemsOf(examples)).to.deep.equal([]);
  });
});

const usages = new Map<string, string>();

async function usageOf(name: string): Promise<string> {
  const known = usages.get(name);
  if (known !== undefined) return known;
  const terminal = recordingTerminal(name);
  await runCommand([name, '--help'], terminal);
  const usage = terminal.ended().stdout;
  usages.set(name, usage);
  return usage;
}

/** Everything that the examples leave to their reader. */
const given = `
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { sendBatch, type BatchCommand } from './batch.js';
import { readChanges } from './changes.js';
import { createOrdersClient } from './orders-client.js';
import { allOrders, updatedOrders } from './pages.js';
import { verifyWebhook } from './webhooks.js';
declare const client: ReturnType<typeof createOrdersClient>;
declare const url: string;
declare const order_id: string;
declare const cursor: string;
declare const lastEventId: string;
declare const commands: AsyncIterable<BatchCommand>;
declare const rawBody: string;
declare const request: { headers: IncomingHttpHeaders };
declare function store(orders: object, cursor: string): Promise<void>;
declare function report(...args: unknown[]): void;
declare function handle(message: unknown): void;
declare function remember(id: string | string[] | undefined, message: unknown): Promise<void>;
`;

/** Errors of the compiler in examples, each a function of its own beside the client. */
function problemsOf(examples: readonly string[]): string[] {
  const bodies = examples.map((code) => `async () => {\n${code.replaceAll(/^import .*$/gm, '')}};`);
  const file = projectPath('client', 'examples-of-the-documents.ts');
  const source = `${given}export const examples = [\n${bodies.map((body) => body.replace(/;$/, '')).join(',\n')}];\n`;
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  Object.assign(host, {
    fileExists: (path: string) => path === file || fileExists.call(host, path),
    readFile: (path: string) => (path === file ? source : readFile.call(host, path)),
    getSourceFile: (path: string, target: ts.ScriptTarget) =>
      path === file ? ts.createSourceFile(path, source, target) : getSourceFile.call(host, path, target),
  });
  const program = ts.createProgram([file], options, host);
  const found = program.getSemanticDiagnostics(program.getSourceFile(file));
  return [...program.getSyntacticDiagnostics(program.getSourceFile(file)), ...found].map(({ messageText, start }) => {
    const line = source.slice(0, start).split('\n').length - 1;
    return `${source.split('\n')[line]}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}
