import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const folder = join('test', 'faults', 'checker');

describe('the checker', () => {
  it('imports nothing of the service: its own files, the history, Node and the clients of the servers', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
    expect(files).to.have.length.greaterThan(10);
    const imported = files.flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return [...text.matchAll(/(?:from|import\(|import)\s*'([^']+)'/g)].map(([, target]) => target);
    });
    const foreign = imported.filter((target) => !/^(\.\/[a-z-]+\.js|\.\.\/history\.js)$/.test(target ?? ''));
    expect([...new Set(foreign)].sort()).to.deep.equal([
      ...['ioredis', 'node:crypto', 'node:fs', 'node:fs/promises', 'node:path', 'pg'],
    ]);
  });
});
