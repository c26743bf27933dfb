import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { projectPath } from '../../src/project-path.js';
import { blockRuns, blocksRunBy } from '../support/block-runs.js';
import { commandsOf } from '../support/console-blocks.js';
import { type Block, blocksIn, blocksOf, documents } from '../support/document-blocks.js';

const placeOf = ({ page, line, language }: Block) => `${page}:${line} ${language}`.trimEnd();
const blocks = documents.flatMap(blocksOf);

describe('the blocks of the documents', () => {
  it('every block of the documents is run by a test, or a mark says why none runs it', () => {
    expect(documents).to.include.members(['README.md', 'client/README.md', 'docs/audit.md']);
    expect(blocks.length).to.be.greaterThan(100);
    const run = new Set(Object.keys(blockRuns).flatMap((test) => blocksRunBy(test).map(placeOf)));
    const neither = blocks.filter((block) => block.notRun === undefined && !run.has(placeOf(block)));
    expect(neither.map(placeOf), 'add a test to test/support/block-runs.ts, or <!-- not run: … -->').to.deep.equal([]);
  });

  it('every test that is said to run blocks takes them from the table', () => {
    for (const [test, selections] of Object.entries(blockRuns)) {
      const source = readFileSync(projectPath(test), 'utf8');
      expect(source, test).to.include('blocksRunBy(');
      expect(source, test).to.include(`'${test}'`);
      for (const { page } of selections) expect(blocksRunBy(test, page), `${test}: ${page}`).not.to.deep.equal([]);
    }
  });

  it('every mark stands above a block', () => {
    for (const page of documents) {
      const marks = readFileSync(projectPath(page), 'utf8').match(/^ *<!-- *not run/gm) ?? [];
      const marked = blocksOf(page).filter(({ notRun }) => notRun !== undefined);
      expect(marked.length, page).to.equal(marks.length);
    }
  });

  it('few blocks are marked, and none that only shows data', () => {
    const marked = blocks.filter(({ notRun }) => notRun !== undefined);
    expect(marked.length).to.be.below(15);
    expect(marked.filter(({ language }) => /^(json|yaml|text|ts|js|console)?$/.test(language))).to.deep.equal([]);
  });

  it('the commands of all blocks are valid for bash, also of those that no test runs', () => {
    const scripts = blocks.flatMap((block) => {
      if (block.language === 'console') return commandsOf(block).map(({ command }) => command);
      return block.language === 'sh' ? [block.code] : [];
    });
    expect(scripts.length).to.be.greaterThan(70);
    // One process checks all: each is the body of a function.
    const script = scripts.map((text, nth) => `f${nth}() {\n:\n${text}\n}\n`).join('');
    const { stderr, status } = spawnSync('bash', ['--norc', '-n'], { input: script, encoding: 'utf8' });
    expect([status, stderr]).to.deep.equal([0, '']);
  });

  it('the JSON and the YAML of all blocks can be parsed', () => {
    const parsers: Readonly<Record<string, (text: string) => unknown>> = { json: JSON.parse, yaml: parse };
    const data = blocks.filter(({ language }) => language in parsers);
    expect(data.length).to.be.greaterThan(3);
    for (const block of data) expect(parsers[block.language]?.(block.code), placeOf(block)).to.be.an('object');
  });
});

describe('reading the blocks of a text', () => {
  const mark = '<!-- not run: it needs a network -->';

  it('a block has its language, its heading, its mark and its lines without the indent', () => {
    const text = `# A\n\n\`\`\`sh\none\n\`\`\`\n\n## B\n\n1. Do\n\n   ${mark}\n   \`\`\`\n   two\n     three\n   \`\`\`\n`;
    const place = { page: 'a.md' };
    expect(blocksIn('a.md', text)).to.deep.equal([
      { ...place, line: 3, heading: 'A', language: 'sh', code: 'one\n', notRun: undefined },
      { ...place, line: 12, heading: 'B', language: '', code: 'two\n  three\n', notRun: 'it needs a network' },
    ]);
  });

  it('a fence that is not closed, or has another form, is refused', () => {
    for (const text of ['```sh\none\n', '~~~\none\n~~~\n', '````sh\none\n````\n', '```sh title\none\n```\n'])
      expect(() => blocksIn('a.md', text), text).to.throw('a.md:1: a fence of another form');
  });
});
