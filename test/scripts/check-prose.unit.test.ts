import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import { projectPath } from '../../src/project-path.js';

interface Findings {
  readonly wide: readonly { readonly line: number; readonly columns: number }[];
  readonly suspects: readonly { readonly line: number; readonly sentence: string }[];
}
interface Checker {
  readonly checkText: (path: string, text: string) => Findings;
  readonly isChecked: (path: string) => boolean;
}
interface Scanner {
  readonly scanTypeScript: (text: string) => { readonly comments: readonly { start: number; end: number }[] };
}

/** Loads a script of the project; the compiler does not know these. */
const load = (path: string) => import(pathToFileURL(projectPath('scripts', path)).href);

const wide = 'long '.repeat(24).trim();
const comments: Readonly<Record<string, (comment: string) => string>> = {
  'src/a.ts': (comment) => `const a = 1;\n// ${comment}\n`,
  'src/block.ts': (comment) => `/**\n * ${comment}\n */\n`,
  'scripts/a.mjs': (comment) => `#!/usr/bin/env node\n// ${comment}\n`,
  'sql/a.sql': (comment) => `create function f() returns void as $$\n-- ${comment}\n$$ language sql;\n`,
  'redis/a.lua': (comment) => `local a = 1\n-- ${comment}\n`,
  'web/a.css': (comment) => `a { color: red; }\n/* ${comment} */\n`,
  'compose.yaml': (comment) => `a: 1\n# ${comment}\n`,
  'a.sh': (comment) => `set -e\n# ${comment}\n`,
  '.githooks/pre-commit': (comment) => `#!/bin/sh\n# ${comment}\n`,
  Dockerfile: (comment) => `FROM node\n# ${comment}\n`,
  '.env.example': (comment) => `A=1\n# ${comment}\n`,
  'README.md': (text) => `# Title\n${text}\n`,
};

describe('scripts/check-prose.mjs', () => {
  let check: Checker['checkText'];
  let isChecked: Checker['isChecked'];
  before(async () => {
    const checker: Checker = await load('check-prose.mjs');
    check = checker.checkText;
    isChecked = checker.isChecked;
  });
  const suspects = (path: string, text: string) =>
    check(path, text).suspects.map(({ line, sentence }) => `${line}: ${sentence}`);
  const wideLines = (path: string, text: string) => check(path, text).wide.map(({ line }) => line);

  for (const [path, withComment] of Object.entries(comments)) {
    it(`the prose check finds a line that is too wide in ${path}`, () => {
      const text = withComment(wide);
      const line = text.split('\n').findIndex((one) => one.includes(wide)) + 1;
      expect(check(path, text).wide).to.deep.equal([{ line, columns: text.split('\n')[line - 1]?.length }]);
    });

    it(`the prose check finds a sentence that begins with Who in ${path}`, () => {
      const text = withComment('All is well. Who asks is told.');
      const line = text.split('\n').findIndex((one) => one.includes('Who')) + 1;
      expect(suspects(path, text)).to.deep.equal([`${line}: Who asks is told.`]);
    });

    it(`the prose check finds nothing in a clean ${path}`, () => {
      const text = withComment('The projector reads the log. The caller knows what it wants and where.');
      expect(check(path, text)).to.deep.equal({ wide: [], suspects: [] });
    });
  }

  it('a column is one code point, and neither a byte nor a UTF-16 unit', () => {
    expect(wideLines('a.ts', `// ${'ü'.repeat(97)}`)).to.deep.equal([]);
    expect(wideLines('a.ts', `// ${'🚚'.repeat(97)}`)).to.deep.equal([]);
    expect(check('a.ts', `// ${'🚚'.repeat(98)}`).wide).to.deep.equal([{ line: 1, columns: 101 }]);
  });

  it('the width of code is left to the formatter, unless a comment follows on the line', () => {
    const code = `const words = ${JSON.stringify(wide)};`;
    expect(wideLines('src/a.ts', code)).to.deep.equal([]);
    expect(wideLines('src/a.ts', `${code} // why`)).to.deep.equal([1]);
  });

  it('strings, templates and regular expressions are not mistaken for comments', () => {
    const text = [
      `const url = 'https://example.com'; const deep = \`a \${b(\`// \${'}'} ${wide}\`)} // ${wide}\`;`,
      `const slashes = /[/]\\/\\/ ${wide}/; const half = (a + b) / 2;`,
    ].join('\n');
    expect(check('src/a.ts', text)).to.deep.equal({ wide: [], suspects: [] });
  });

  it('tables, code blocks and links that cannot be broken may be wide', () => {
    const link = `https://example.com/${'a'.repeat(100)}`;
    const text = `| ${wide} |\n\n\`\`\`sh\n${wide}\n\`\`\`\n\n- ${link}\n- [words](${link})\n\n[1]: ${link}\n`;
    expect(wideLines('docs/a.md', text)).to.deep.equal([]);
    expect(wideLines('docs/a.md', `See ${link}\n`)).to.deep.equal([1]);
    expect(wideLines('src/a.ts', `// ${link}\n`)).to.deep.equal([]);
  });

  it('generated files and data for tests are not checked', () => {
    for (const path of ['client/schema.d.ts', 'docs/performance.md', 'node_modules/a/b.md', 'test/fixtures/a.md']) {
      expect(isChecked(path), path).to.equal(false);
    }
    for (const path of ['client/orders-client.ts', 'docs/audit.md', 'test/docs/readme.test.ts']) {
      expect(isChecked(path), path).to.equal(true);
    }
  });

  it('each of the five words is found at every beginning of a sentence in Markdown', () => {
    const text = [
      '## Where to begin',
      '',
      'Fine. Whoever reads',
      'this may ask. (What follows is fine.)',
      '- **Whose** order it is.',
      '1. What it does.',
      '',
      '| Who | fine |',
      '> Where it is.',
    ].join('\n');
    expect(suspects('docs/a.md', text)).to.deep.equal([
      '1: Where to begin',
      '3: Whoever reads this may ask.',
      '4: What follows is fine.',
      '5: Whose** order it is.',
      '6: What it does.',
      '8: Who',
      '9: Where it is.',
    ]);
  });

  it('a sentence is followed over the lines of a comment', () => {
    const text = ['// The log grows. What', '// it holds stays.', '', '/** @returns What is left. */'].join('\n');
    expect(suspects('src/a.ts', text)).to.deep.equal(['1: What it holds stays.', '4: What is left.']);
  });

  it('questions, and the five words within a sentence, are no suspects', () => {
    const text =
      '# What can an auditor check?\n\nIt says what happened: Who placed it is known. "Who?" is a question.\n';
    expect(suspects('docs/a.md', text)).to.deep.equal([]);
  });

  it('strings of the service are checked as texts for readers, strings of tests are not', () => {
    const text = `const explanation = 'It is gone. What is left is below.';\nsay(\`Where \${a} is. Who \${b}\`);\n`;
    expect(suspects('src/http/a.ts', text)).to.deep.equal(['1: What is left is below.', '2: Where', '2: Who']);
    expect(suspects('test/http/a.test.ts', text)).to.deep.equal([]);
  });

  it('the scanner finds the same comments as the TypeScript compiler', async () => {
    const { scanTypeScript }: Scanner = await load('prose/typescript.mjs');
    const files = readdirSync(projectPath('src'), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const text = readFileSync(projectPath('src', file), 'utf8');
      const found = scanTypeScript(text).comments.map(({ start, end }) => text.slice(start, end));
      expect(found, file).to.deep.equal(commentsByCompiler(text));
    }
  }).timeout(60_000);

  describe('run as a command', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'orders-prose-'));
      cpSync(projectPath('scripts/check-prose.mjs'), join(folder, 'scripts/check-prose.mjs'));
      cpSync(projectPath('scripts/prose'), join(folder, 'scripts/prose'), { recursive: true });
    });
    after(() => rmSync(folder, { recursive: true, force: true }));
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    const run = (...args: string[]) => {
      const script = join(folder, 'scripts/check-prose.mjs');
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
        cwd: folder,
        encoding: 'utf8',
      });
      return { status, stderr, lines: stdout.trimEnd().split('\n') };
    };

    it('the check fails and names file and line if a line is too wide', () => {
      write('src/a.ts', `const a = 1;\n// ${wide}\n`);
      const { status, stderr, lines } = run();
      expect(status).to.equal(1);
      expect(stderr).to.equal('src/a.ts:2: 122 columns; wrap it at 100\n');
      expect(lines.at(-1)).to.match(/^prose: \d+ files; lines too wide: 1; sentences to look at: 0$/);
    });

    it('the check lists suspects and succeeds', () => {
      write('src/a.ts', '// What it is.\n');
      const { status, lines } = run();
      expect(status).to.equal(0);
      expect(lines[0]).to.equal('src/a.ts:1: suspect: What it is.');
      expect(lines.at(-1)).to.match(/lines too wide: 0; sentences to look at: 1$/);
    });

    it('the check accepts the sentences of the list and reports entries that match nothing', () => {
      write('src/a.ts', '// What it is.\n');
      write('scripts/prose/accepted.txt', '# looked at\nsrc/a.ts: What it\nsrc/b.ts: Who\n');
      const { lines } = run();
      expect(lines[0]).to.equal('scripts/prose/accepted.txt: remove "src/b.ts: Who": no such sentence is left');
      expect(lines.at(-1)).to.match(/sentences to look at: 0$/);
    });

    it('the check looks only at the files that it is given', () => {
      write('src/a.ts', `// ${wide}\n`);
      write('src/b.ts', '// Fine.\n');
      write('src/c.bin', wide);
      const { status, lines } = run('src/b.ts', 'src/c.bin');
      expect(status).to.equal(0);
      expect(lines).to.deep.equal(['prose: 1 files; lines too wide: 0; sentences to look at: 0']);
    });
  });
});

/** The comments of a text: everything outside the parser's literals that looks like a comment. */
function commentsByCompiler(text: string): string[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest);
  const literals: { start: number; end: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind >= ts.SyntaxKind.FirstLiteralToken && node.kind <= ts.SyntaxKind.LastTemplateToken) {
      literals.push({ start: node.getStart(source), end: node.end });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  const comments: string[] = [];
  let from = 0;
  for (const { start, end } of [...literals, { start: text.length, end: text.length }]) {
    comment.lastIndex = from;
    for (let found = comment.exec(text); found && found.index < start; found = comment.exec(text)) {
      comments.push(found[0]);
    }
    from = end;
  }
  return comments;
}
