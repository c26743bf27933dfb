import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { lockDataDir } from '../../src/embedded/data-dir-lock.js';
import { ConfigError } from '../../src/environment.js';
import { openPersonKeys } from '../../src/privacy/open-person-keys.js';
import { runOrders } from '../support/orders-command.js';

const nowhere = { databaseUrl: '', redisUrl: '' };

describe('A file that cannot be used', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-files-'));
    await writeFile(join(folder, 'text'), 'no key, no proof');
    await writeFile(join(folder, 'empty.json'), '{}');
    await writeFile(join(folder, 'null.json'), 'null');
    await writeFile(join(folder, 'keys.json'), '{"keys":[]}');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const refused: readonly [args: string[], message: RegExp][] = [
    [['import', 'missing.ndjson'], /missing\.ndjson does not exist/],
    [['import', '.'], /is a folder: name a file/],
    [['import', 'pipe'], /pipe is a pipe: save its data in a file first/],
    [['verify', '--export', '.'], /is a folder: name a file/],
    [['verify', '--export', 'empty.json', '--against', 'missing.json'], /missing\.json does not exist/],
    [['verify-proof', '.', '--key', 'keys.json'], /is a folder: name a file/],
    [['verify-proof', 'empty.json', '--key', 'text'], /text holds no public keys: it must be a JWKS, a JWK or PEM/],
    [['verify-proof', 'empty.json', '--key', 'empty.json'], /empty\.json holds no public keys/],
    [['verify-proof', 'empty.json', '--key', 'missing.json'], /missing\.json does not exist/],
  ];
  for (const [args, message] of refused) {
    it(`orders ${args.join(' ')} names the file and the reason, with exit code 2`, async () => {
      const paths = args.map((arg, at) => (at === 0 || arg.startsWith('--') ? arg : join(folder, arg)));
      const { code, stderr } = await runOrders(nowhere, paths);
      expect(stderr)
        .to.match(message)
        .and.not.match(/E[A-Z]{4,}:/);
      expect(code).to.equal(2);
    });
  }

  it('orders verify --export reads a pipe, since it reads the file once from its beginning', async () => {
    const [text, pipe] = [join(folder, 'text'), join(folder, 'pipe')];
    // It waits until the pipe is read.
    const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', text, pipe]);
    try {
      const { code, output } = await runOrders(nowhere, ['verify', '--export', pipe]);
      expect(output).to.match(/^line 1: /);
      expect(code).to.equal(3);
    } finally {
      writer.kill();
    }
  });

  for (const file of ['text', 'empty.json', 'null.json']) {
    it(`orders verify-proof says that ${file} does not have the form of a proof, with exit code 3`, async () => {
      const args = ['verify-proof', join(folder, file), '--key', join(folder, 'keys.json')];
      const { code, stdout } = await runOrders(nowhere, args);
      expect(stdout).to.match(/^the file does not have the form of a proof/);
      expect(code).to.equal(3);
    });
  }

  it('a data folder or a file of keys is named with its variable', async () => {
    const dataDir = await lockDataDir(join(folder, 'text'), 'orders serve').catch((error: unknown) => error);
    expect(dataDir).to.be.instanceOf(ConfigError);
    expect(String(dataDir)).to.match(/ORDERS_DATA_DIR is .*text, which is not a folder/);
    const keys = await openPersonKeys(undefined as never, folder).catch((error: unknown) => error);
    expect(keys).to.be.instanceOf(ConfigError);
    expect(String(keys)).to.match(/ORDERS_PERSONAL_DATA_KEY_FILE is .*, which is a folder/);
  });
});

describe('The URL of the service', () => {
  it('has neither a query nor credentials, and a password in it is not repeated', async () => {
    const get = (url: string) => runOrders(nowhere, ['get', '00000000-0000-4000-8000-000000000000', '--url', url]);
    const query = await get('http://localhost:1?x');
    expect([query.code, query.stderr]).to.deep.equal([
      2,
      'orders: "http://localhost:1?x" is not the URL of a service, such as http://127.0.0.1:3000\n',
    ]);
    const credentials = await get('http://me:secret@localhost:1');
    expect(credentials.code).to.equal(2);
    expect(credentials.output)
      .to.match(/no credentials: set ORDERS_API_KEY/)
      .and.not.match(/secret/);
  });
});
