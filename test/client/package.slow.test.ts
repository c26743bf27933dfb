import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { blocksRunBy } from '../support/block-runs.js';
import { packClient } from '../support/packed-client.js';
import { useService } from '../support/service.js';

const run = promisify(execFile);

/** The code blocks of the package's README, as one module that runs to its end. */
function readmeModule(url: string): string {
  const blocks = blocksRunBy('test/client/package.slow.test.ts').map(({ code }) => code);
  expect(blocks).to.have.length(5);
  const imports = blocks.flatMap((code) => code.match(/^import .*$/gm) ?? []);
  const signed = `
    const rawBody = JSON.stringify({ type: 'OrderPaid', timestamp: '', data: { order_id: 'o' } });
    const secret = process.env.ORDERS_WEBHOOK_SECRET ?? '';
    const now = new Date();
    const request = { headers: {
      'webhook-id': 'e', 'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('e', now, rawBody),
    } };`;
  // The stream begins when it is opened: somebody else has to change an order meanwhile.
  const others = `setInterval(() => void client.POST('/orders/{order_id}/note', { params: { path }, body: { text: 'x' } }), 200).unref();`;
  const [first = '', lists = '', batch = '', changes = '', webhook = ''] = blocks.map((code) =>
    code.replace(/^import .*\n/gm, '').replaceAll('http://127.0.0.1:3000', url),
  );
  const body = [first, lists, batch, others, changes, signed, webhook];
  return [`import { Webhook } from 'standardwebhooks';`, ...imports, ...body].join('\n');
}

describe('the package of the client', () => {
  const service = useService({ LOG_LEVEL: 'silent' });
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-client-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('has what its exports name, and its README works with it', async () => {
    const { folder: packed, modules } = await packClient(folder);
    const files = await readdir(packed, { recursive: true });
    expect(files).to.include.members(['LICENSE', 'README.md', 'dist/orders-client.js', 'dist/schema.d.ts']);
    expect(files.filter((file) => /test|tsbuildinfo|(?<!\.d)\.ts$/.test(file))).to.deep.equal([]);
    await cp(packed, join(modules, 'order-service-client'), { recursive: true });

    const bin = `${join(modules, '.bin')}:${process.env.PATH}`;
    const env = { ...process.env, PATH: bin, ORDERS_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    const consumer = join(folder, 'consumer');
    await mkdir(consumer);
    await writeFile(join(consumer, 'package.json'), '{"type": "module"}');
    await writeFile(join(consumer, 'readme.ts'), readmeModule(service.url));
    const compile = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck', '--types', 'node'];
    const { stdout } = await run('tsc', [...compile, '--lib', 'es2023,dom', 'readme.ts'], { cwd: consumer, env }).catch(
      ({ stdout }) => ({ stdout: String(stdout) }),
    );
    expect(stdout, 'what the compiler says').to.equal('');
    const { stdout: printed } = await run(process.execPath, ['readme.js'], { cwd: consumer, env });
    expect(printed).to.match(/^paid\n/);
    expect(printed).to.match(/OrderPaid o\n$/);
  });
});
