import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

describe('docs/reliability.md', () => {
  it('names in each row a test that exists, or that of the row before', () => {
    const tables = readFileSync(projectPath('docs/reliability.md'), 'utf8').match(/(^\|.*\n)+/gm) ?? [];
    const rows = tables.flatMap((table) => {
      const [header = '', , ...ofTable] = table.trim().split('\n');
      return header.endsWith('| test |') ? ofTable : [];
    });
    expect(rows.length).to.be.greaterThan(40);
    for (const row of rows) {
      const named = row.split('|').at(-2)?.trim() ?? '';
      const files = [...named.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
      expect(named === 'same' || files.length > 0, row).to.equal(true);
      for (const file of files) expect(existsSync(projectPath(file)), file).to.equal(true);
    }
  });
});
