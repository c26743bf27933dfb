import { expect } from 'chai';
import { circles, folderOf, folderSizes, imports, readSources } from './source-tree.js';

/**
 * The folders that each folder of src may import from, besides itself. `x` is the folder with those
 * of its subfolders that have no entry here; `x/*` is the folder with all of its subfolders. Files
 * directly in src are open to all; they know the domain at most.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  '': ['orders/*', 'config'],
  config: ['access'],
  orders: ['orders/*'],

  'event-log': ['event-log/read', 'event-log/connection', 'event-log/citus', 'orders/*'],
  'event-log/citus': ['event-log', 'event-log/connection'],
  'event-log/connection': ['event-log'],
  'event-log/append': ['event-log', 'event-log/connection', 'event-log/heads', 'event-log/read', 'orders/*'],
  'event-log/read': ['event-log', 'event-log/connection', 'event-log/heads', 'orders/*'],
  'event-log/heads': ['event-log', 'event-log/connection'],
  'event-log/operators': ['event-log', 'event-log/connection', 'event-log/append', 'event-log/read', 'orders/*'],

  access: ['orders/*', 'event-log'],
  privacy: ['orders/*', 'event-log/*'],
  audit: ['orders/*', 'event-log/*'],
  commands: ['orders/*', 'event-log/*', 'privacy'],
  webhooks: ['orders/*', 'event-log/*'],

  'read-models': ['read-models/*', 'orders/*', 'event-log'],
  queries: ['queries/*', 'orders/*', 'read-models/*'],
  projections: ['orders/*', 'event-log', 'read-models/*'],
  projector: ['projector/*', 'projections', 'read-models/*', 'event-log/*', 'orders/*'],
  'projector/scheduling': ['projector'],

  http: ['http/*'],
  'http/contract': [
    'http/contract/*',
    'access',
    'audit',
    'commands',
    'orders/*',
    'queries/*',
    'event-log/*',
    'read-models',
    'webhooks',
  ],
  'http/request': ['http', 'http/contract', 'event-log', 'access', 'commands', 'orders/*', 'read-models'],
  'http/response': ['http', 'http/contract', 'http/request', 'event-log'],
  'http/middleware': [
    ...['http', 'http/contract', 'http/request', 'http/response'],
    ...['access', 'event-log', 'read-models/*'],
  ],
  'http/batch': ['http', 'http/contract', 'http/request', 'commands', 'orders/*'],
  'http/routes': ['http/*', 'access', 'audit', 'commands', 'orders/*', 'queries/*', 'read-models/*', 'webhooks'],
  import: ['import/*', 'http/batch', 'commands', 'event-log', 'event-log/append', 'orders/*'],

  embedded: [],
};

/** The folders that put everything together: service wires, and the command line uses it. */
const mayImportAnything = ['service', 'cli'];

/** Folders with more files than this are hard to take in: they get subfolders. */
const maxFilesPerFolder = 15;

const sources = readSources();

describe('The source tree', () => {
  it('imports only in the directions of the architecture', () => {
    const all = imports(sources);
    expect(all.length).to.be.greaterThan(500);
    const wrong = all.filter(({ from, to }) => !isAllowed(folderOf(from), folderOf(to)));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('has a rule for every folder', () => {
    const folders = new Set([...sources.keys()].map(folderOf));
    const known = (folder: string) =>
      entryOf(folder) !== undefined || mayImportAnything.some((name) => isWithin(name, folder));
    expect([...folders].filter((folder) => !known(folder))).to.deep.equal([]);
    expect(Object.keys(mayImport).filter((name) => !folders.has(name))).to.deep.equal([]);
  });

  it('has no circle of imports between files, types included', () => {
    expect(circles(imports(sources))).to.deep.equal([]);
  });

  it(`has at most ${maxFilesPerFolder} files in each folder`, () => {
    const large = [...folderSizes(sources)].filter(([, files]) => files > maxFilesPerFolder);
    expect(large).to.deep.equal([]);
  });

  it('has no file of more than 300 lines', () => {
    const long = [...sources].filter(([, text]) => text.split('\n').length > 301).map(([file]) => file);
    expect(long).to.deep.equal([]);
  });

  it('keeps the domain free of input, output, clocks and chance', () => {
    const domain = [...sources].filter(([file]) => file.startsWith('orders/'));
    expect(domain.length).to.be.greaterThan(10);
    for (const [file, text] of domain) {
      expect(text, file).not.to.match(/\bawait\b|Date\.now|Math\.random|randomUUID|node:(fs|net|http)/);
    }
  });
});

describe('The check of import directions', () => {
  const file = (...targets: string[]) => targets.map((target) => `import type { A } from '${target}';\n`).join('');

  it('finds an import against the direction, and a type that closes a circle', () => {
    const wrong = new Map([
      ['orders/order.ts', file('../commands/limits.js')],
      ['commands/limits.ts', file('../orders/order.js')],
    ]);
    const found = imports(wrong).filter(({ from, to }) => !isAllowed(folderOf(from), folderOf(to)));
    expect(found).to.deep.equal([{ from: 'orders/order.ts', to: 'commands/limits.ts' }]);
    expect(circles(imports(wrong))).to.deep.equal([['commands/limits.ts', 'orders/order.ts']]);
  });
});

function isAllowed(from: string, to: string): boolean {
  if (to === '' || to === from) return true;
  if (isWithin('cli', from)) return true;
  if (isWithin('service', from)) return !isWithin('cli', to);
  return (mayImport[entryOf(from) ?? ''] ?? []).some((name) =>
    name.endsWith('/*') ? isWithin(name.slice(0, -2), to) : name === entryOf(to),
  );
}

/** The entry of the folder itself, otherwise that of the folder around it. */
function entryOf(folder: string): string | undefined {
  if (folder in mayImport) return folder;
  const around = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
  return around in mayImport && around !== '' ? around : undefined;
}

function isWithin(name: string, folder: string): boolean {
  return folder === name || folder.startsWith(`${name}/`);
}
