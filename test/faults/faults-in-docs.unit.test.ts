import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { allFaults } from './plan.js';

describe('docs/reliability.md', () => {
  it('names every fault that the harness injects, with its bound', () => {
    const rows = readFileSync(projectPath('docs', 'reliability.md'), 'utf8').split('\n');
    const described = allFaults.map(({ name }) => {
      const row = rows.find((line) => line.startsWith('| `') && line.includes(`\`${name}\``));
      return `${name}: ${row?.split(' | ').at(-1)?.replace(' |', '')}`;
    });
    expect(described).to.deep.equal(allFaults.map(({ name, boundMs }) => `${name}: ${boundMs / 1_000} s`));
  });
});
