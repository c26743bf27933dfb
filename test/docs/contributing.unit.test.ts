import { existsSync, readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { blocksRunBy } from '../support/block-runs.js';

const text = readFileSync(projectPath('CONTRIBUTING.md'), 'utf8');

/** The part under a heading, to the next one. */
function section(heading: string): string {
  const [, part = ''] = text.split(`\n## ${heading}\n`);
  return part.split('\n## ')[0] ?? '';
}

/** Cells of a table's rows, without its head. */
function rows(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The texts between backquotes. */
function codeIn(markdown: string): string[] {
  return [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** A path in the project: it has a slash or an extension, and no space. */
function isPath(code: string): boolean {
  return /^[\w./-]+$/.test(code) && (code.includes('/') || /\.(md|ts|mjs|json|example)$/.test(code));
}

/** Folders of the tree: one per line, and those in its description that end with a slash. */
function treeFolders(): string[] {
  const [tree] = blocksRunBy('test/docs/contributing.unit.test.ts');
  return (tree?.code ?? '')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [folder = '', ...words] = line.split(/\s+/);
      const inside = words.flatMap((word) => /^([\w-]+\/)[,;:]?$/.exec(word)?.[1] ?? []);
      return [folder, ...inside.map((name) => folder + name)];
    });
}

const missing = (paths: readonly string[]) => paths.filter((path) => !existsSync(projectPath(path)));

describe('CONTRIBUTING.md', () => {
  it('every folder of the tree in CONTRIBUTING.md exists', () => {
    const folders = treeFolders();
    expect(folders.length).to.be.greaterThan(30);
    expect(missing(folders)).to.deep.equal([]);
  });

  it('every file and folder that CONTRIBUTING.md names exists', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target = '']) => target);
    const paths = [...new Set([...codeIn(text).filter(isPath), ...links])];
    expect(paths.length).to.be.greaterThan(40);
    // `limits.ts` stands for one file in each of several folders.
    expect(missing(paths.filter((path) => path !== 'limits.ts'))).to.deep.equal([]);
  });

  it('the table of CONTRIBUTING.md says where all kinds of changes go', () => {
    const kinds = rows(section('Where do I put …?')).map(([kind]) => kind);
    expect(kinds).to.include.members([
      'a command',
      'an event type',
      'an upcaster',
      'a read model',
      'an endpoint',
      'a limit',
      'a SQL function',
      'a problem type',
      'a Prometheus metric',
      'a configuration variable',
      'a command of the command line',
    ]);
    for (const [kind, where = ''] of rows(section('Where do I put …?'))) {
      expect(codeIn(where).filter(isPath), kind).not.to.deep.equal([]);
    }
  });

  const lookUps = [
    'where a partial refund is decided',
    'where the checkpoint moves',
    'where a rebuild flips',
    'where a body is validated',
    'where a rate limit is counted',
    'where a webhook is signed',
    'which statement appends',
  ];
  for (const lookUp of lookUps) {
    it(`CONTRIBUTING.md says ${lookUp}, and the file that it names holds these words`, () => {
      const row = rows(section('Where is it decided?')).find(([name]) => name === lookUp);
      const [file = ''] = codeIn(row?.[1] ?? '');
      const [words = ''] = codeIn(row?.[2] ?? '');
      expect(words).not.to.equal('');
      expect(existsSync(projectPath(file)) && statSync(projectPath(file)).isFile(), file).to.equal(true);
      expect(readFileSync(projectPath(file), 'utf8')).to.include(words);
    });
  }

  it('every npm script that CONTRIBUTING.md names exists', () => {
    const { scripts } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8'));
    const names = codeIn(text).flatMap((code) => /^npm (?:run )?([\w:]+)/.exec(code)?.[1] ?? []);
    expect(names).to.include.members(['dev', 'verify', 'test']);
    expect(names.filter((name) => !Object.hasOwn(scripts, name))).to.deep.equal([]);
  });
});
