import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { readSchema } from '../../src/event-log/sql-files.js';

describe('the files of sql/', () => {
  it('are numbered from 001 without a gap', async () => {
    const { migrations } = await readSchema();
    expect(migrations).to.have.length.greaterThan(0);
    for (const [index, { path }] of migrations.entries()) {
      expect(path.slice(0, 4)).to.equal(`${String(index + 1).padStart(3, '0')}_`);
    }
  });

  it('hold one function per file in sql/functions, which has the name of its file', async () => {
    const { functions } = await readSchema();
    expect(functions).to.have.length.greaterThan(0);
    for (const { path, name, sql } of functions) {
      const created = [...sql.matchAll(/\bcreate\b.*?\bfunction\s+(\w+)/gi)];
      expect(
        created.map(([text]) => text),
        path,
      ).to.deep.equal([`create or replace function ${name}`]);
    }
  });

  it('change the code of functions together with the number of their release', async () => {
    const { functions, functionsRelease } = await readSchema();
    const texts = createHash('sha256');
    for (const { sql } of functions) texts.update(sql.replace(/^ *--.*\n/gm, ''));
    expect(
      { release: functionsRelease, sha256: texts.digest('hex') },
      'The functions in sql/functions changed. Was the present release deployed anywhere? Then raise functionsRelease in ' +
        'src/event-log/sql-files.ts: otherwise a process of the deployed version puts its older texts back when it starts. ' +
        'Then write the new values into this test.',
    ).to.deep.equal({ release: 4, sha256: '51a24c14cf3d833c72653c3ebdfe2e8b2adb2f2c838cb405e20c03e45dd0908a' });
  });
});
