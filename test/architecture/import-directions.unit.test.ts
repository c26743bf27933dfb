import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

/** Which rooms each room of src may import from. Files directly in src (config.ts, project-path.ts) are open to all, and know the domain at most. */
const mayImport: Record<string, readonly string[]> = {
  '': ['orders'],
  orders: [],
  'event-log': ['orders'],
  access: ['event-log'],
  privacy: ['orders', 'event-log'],
  commands: ['orders', 'event-log', 'privacy'],
  'read-models': ['orders', 'event-log'],
  audit: ['orders', 'event-log'],
  projections: ['orders', 'event-log', 'read-models'],
  queries: ['orders', 'read-models'],
  webhooks: ['orders', 'event-log'],
  http: ['orders', 'event-log', 'commands', 'queries', 'read-models', 'audit', 'access', 'webhooks'],
  import: ['orders', 'commands', 'http'],
  embedded: [],
  cli: [
    'orders',
    'event-log',
    'commands',
    'read-models',
    'projections',
    'queries',
    'http',
    'import',
    'embedded',
    'audit',
    'privacy',
    'access',
    'webhooks',
  ],
};

const src = projectPath('src');

function imports(): { from: string; to: string; file: string }[] {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const text = readFileSync(join(src, file), 'utf8');
    return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, target = '']) => ({
      file,
      from: room(file),
      to: room(relative(src, resolve(src, dirname(file), target))),
    }));
  });
}

function room(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '';
}

describe('import directions', () => {
  it('are those of the architecture', () => {
    const all = imports();
    expect(all.length).to.be.greaterThan(100);
    const wrong = all.filter(({ from, to }) => to !== from && to !== '' && !(mayImport[from] ?? []).includes(to));
    expect(wrong.map(({ file, to }) => `${file} imports from ${to}`)).to.deep.equal([]);
  });

  it('keep the domain free of I/O', () => {
    const domain = readdirSync(join(src, 'orders')).map((file) => readFileSync(join(src, 'orders', file), 'utf8'));
    for (const text of domain)
      expect(text).not.to.match(/\bawait\b|Date\.now|Math\.random|randomUUID|node:(fs|net|http)/);
  });
});
