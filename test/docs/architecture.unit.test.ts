import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

const page = readFileSync(projectPath('docs', 'architecture.md'), 'utf8');

/** The files in the first column of the table under a heading, in order. */
function walk(heading: string): string[] {
  const section = page.split(/^#+ /m).find((one) => one.startsWith(heading));
  if (section === undefined) throw new Error(`docs/architecture.md has no heading "${heading}"`);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, file = '']) => file);
}

describe('docs/architecture.md', () => {
  it('names only files and folders that exist', () => {
    const named = [...page.matchAll(/`((?:src|sql|redis|test)\/[^` ]*)`/g)].map(([, path = '']) => path);
    expect(named.length).to.be.greaterThan(50);
    expect(named.filter((path) => !existsSync(projectPath(path)))).to.deep.equal([]);
  });

  for (const heading of ['An order, from POST', 'An event, from the append']) {
    it(`has a walk "${heading} …" that passes each file once`, () => {
      const files = walk(heading);
      expect(files.length).to.be.greaterThan(10);
      expect(files.filter((file, index) => files.indexOf(file) !== index)).to.deep.equal([]);
    });
  }
});
