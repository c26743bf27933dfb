import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { problemTypes } from '../../src/http/contract/problem-types.js';
import { projectPath } from '../../src/project-path.js';

describe('docs/troubleshooting.md', () => {
  const text = readFileSync(projectPath('docs/troubleshooting.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (\d{3}) \| `([a-z-]+)`/gm)].map(([, status, type]) => ({
    status: Number(status),
    type: type ?? '',
  }));

  it('names problems with their status as the service has them, and every failure of the service', () => {
    const known = new Map(Object.entries(problemTypes).map(([type, { status }]) => [type, status as number]));
    for (const { type, status } of rows) expect(known.get(type), type).to.equal(status);
    const failures = [...known].filter(([, status]) => status === 500 || status === 503).map(([type]) => type);
    expect(rows.map(({ type }) => type)).to.include.members(failures);
  });
});
