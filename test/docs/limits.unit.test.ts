import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

interface LimitsPage {
  readonly limitsPage: () => string;
  readonly limitsOf: (source: string) => { name: string; value: string; text: string }[];
}

describe('docs/limits.md', () => {
  let page: LimitsPage;
  before(async () => {
    page = await import(pathToFileURL(projectPath('scripts/limits/limits-page.mjs')).href);
  });

  it('lists the limits as they are in the source code; otherwise run `node scripts/limits.mjs`', () => {
    expect(readFileSync(projectPath('docs/limits.md'), 'utf8')).to.equal(page.limitsPage());
  });

  it('has every limit of every file with limits, with its text', () => {
    const text = page.limitsPage();
    const files = readdirSync(projectPath('src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(^|\/)limits\.ts$/.test(file),
    );
    expect(files.length).to.be.greaterThan(8);
    for (const file of files) {
      const source = readFileSync(join(projectPath('src'), file), 'utf8');
      const names = [...source.matchAll(/^ {2}(\w+): [\d.]/gm)].map(([, name]) => name);
      expect(
        page.limitsOf(source).map(({ name }) => name),
        file,
      ).to.deep.equal(names);
      for (const { name, text: explanation } of page.limitsOf(source)) {
        expect(explanation, `${file}: ${name} has no comment`).to.match(/\w/);
        expect(text).to.include(`| \`${name}\` |`);
      }
    }
  });
});
