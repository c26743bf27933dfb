import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

const page = readFileSync(projectPath('docs', 'database-roles.md'), 'utf8');

/** The rights by table, from lists such as "select, insert". */
function byTable(pairs: Iterable<readonly [tables: string, rights: string]>): Record<string, string> {
  const all = [...pairs].flatMap(([tables, rights]) =>
    tables.split(',').map((table) => [table.trim(), rights.trim()] as const),
  );
  return Object.fromEntries(all.toSorted());
}

describe('docs/database-roles.md', () => {
  it('lists exactly the rights on tables that the files of sql/ grant to the role of the service', () => {
    const files = readdirSync(projectPath('sql')).filter((name) => name.endsWith('.sql'));
    const granted = files.flatMap((name) => {
      const sql = readFileSync(projectPath('sql', name), 'utf8');
      return [...sql.matchAll(/^grant ([a-z, ]+) on (?!function)([\w, ]+) to orders_service;/gm)].map(
        ([, rights = '', tables = '']) => [tables, rights] as const,
      );
    });
    const documented = [...page.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| ((?:select|insert|update|delete|, )+) \|/gm)].map(
      ([, tables = '', rights = '']) => [tables.replaceAll('`', ''), rights] as const,
    );
    expect(Object.keys(byTable(granted))).to.have.length.greaterThan(10);
    expect(byTable(documented)).to.deep.equal(byTable(granted));
  });
});
