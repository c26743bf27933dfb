import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

describe('docs/security.md', () => {
  it('names, in each row of the threat model, tests that exist', () => {
    const rows = readFileSync(projectPath('docs/security.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| who, with what'));
    expect(rows).to.have.length.greaterThan(10);
    for (const row of rows) {
      const tests = [...row.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path ?? '');
      expect(tests, row).not.to.deep.equal([]);
      for (const path of tests) expect(existsSync(projectPath(path)), path).to.equal(true);
    }
  });
});
