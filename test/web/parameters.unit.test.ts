import { expect } from 'chai';
import { build } from 'esbuild';
import { projectPath } from '../../src/project-path.js';

describe('the parameters in the addresses of the console', () => {
  let unknownParameters: (place: { path: string[]; query: URLSearchParams }) => [string, string][];
  before(async () => {
    // The console is bundled for browsers: the tests are built without its modules.
    const entryPoints = [projectPath('web/src/app/parameters.ts')];
    const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: 'esm' });
    ({ unknownParameters } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`));
  });
  const unknown = (address: string) => {
    const [path = '', query] = address.split('?');
    return unknownParameters({ path: path.split('/').filter(Boolean), query: new URLSearchParams(query) }).map(
      ([name]) => name,
    );
  };

  for (const address of [
    '',
    '?currency=EUR',
    'overview?range=7d&interval=day&zone=Europe/Berlin&currency=EUR&by=event',
    'overview?range=custom&from=2026-01-01&to=2026-02-01T00:15:00Z',
    'orders?q=anything',
    'orders?status=partially_shipped&payment=paid&user=u&reference=%231&currency=USD&hold=yes&from=2024-02-29&to=',
    'orders/018f0000-0000-7000-8000-000000000001?version=2',
    'log?partition=3&after=120',
    'log?partition=3&at=2026-01-01T10:00',
    'log?stream=018f0000-0000-7000-8000-000000000001&after=2',
    'projections',
  ]) {
    it(`a page can use every parameter of #/${address}`, () => expect(unknown(address)).to.deep.equal([]));
  }

  const wrong: Record<string, string[]> = {
    'overview?range=5d&interval=year&zone=Mars&currency=euro&by=recorded': [
      'range',
      'interval',
      'zone',
      'currency',
      'by',
    ],
    'overview?range=7d&from=2026-01-01': ['from'],
    'overview?range=custom&from=yesterday': ['from'],
    'orders?status=foo&payment=later&currency=eur&hold=no&from=2026-02-30&to=1.1.2026': [
      'status',
      'payment',
      'currency',
      'hold',
      'from',
      'to',
    ],
    'orders?status=pending&status=shipped': ['status', 'status'],
    'orders?q=x&status=pending': ['status'],
    'orders?page=2&constructor=1': ['page', 'constructor'],
    'orders/018f0000-0000-7000-8000-000000000001?version=0': ['version'],
    'orders/018f0000-0000-7000-8000-000000000001?version=two&status=paid': ['version', 'status'],
    'log?partition=-1&after=last&at=tuesday': ['partition', 'after', 'at'],
    'log?stream=018f0000-0000-7000-8000-000000000001&partition=1': ['partition'],
    'log?at=2026-01-01T10:00&after=3': ['after'],
    'keys?scope=admin': ['scope'],
  };
  for (const [address, names] of Object.entries(wrong)) {
    it(`a page does not pass over what it cannot use of #/${address}`, () =>
      expect(unknown(address)).to.deep.equal(names));
  }
});
