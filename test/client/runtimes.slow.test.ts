import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { buildSync } from 'esbuild';
import { createApiKey } from '../../src/access/api-keys.js';
import { projectPath } from '../../src/project-path.js';
import { describeInBrowser } from '../support/browser.js';
import { installPacked, packClient } from '../support/packed-client.js';
import { startReceiver } from '../support/receiver.js';
import { eventually } from '../support/servers.js';
import { call, useService } from '../support/service.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

const run = promisify(execFile);
const script = 'every-runtime.mjs';

/** Everything that every-runtime.mjs finds out about the client. */
const expected = {
  lostResponse: [201, 'true'],
  sameKey: [null, 'true', true],
  own: [200, 'paid'],
  position: ['"2"', 0],
  pages: [6, 6, true],
  updated: [true],
  events: ['OrderPlaced', 'OrderPaid', 'OrderNoteAdded'],
  text: 'Größe 4 → 5',
  batch: [true, 1_499, [['i-7', '/problems/validation']]],
  stream: ['change', 'OrderNoteAdded'],
  resumed: true,
  webhook: 'OrderPlaced',
  bytes: 'OrderPlaced',
  forged: { name: 'WebhookVerificationError' },
  problem: [422, '/problems/validation', ['/user_id'], 'application/problem+json'],
  thrown: { name: 'ProblemResponse', status: 404 },
  refused: ['/problems/unauthenticated', { name: 'BatchRefused', status: 401 }, { name: 'StreamRefused', status: 401 }],
};

interface Runtime {
  readonly name: string;
  readonly command: string;
  /** Arguments before the script. */
  readonly args: readonly string[];
}

/** The variables name executables that are not on the PATH. */
const runtimes: readonly Runtime[] = [
  { name: 'Node', command: process.execPath, args: [] },
  // The client needs the network and nothing else.
  { name: 'Deno', command: process.env.DENO_PATH ?? 'deno', args: ['run', '--no-prompt', '--allow-net'] },
  { name: 'Bun', command: process.env.BUN_PATH ?? 'bun', args: [] },
];

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('the packed client', () => {
  const service = useService({
    LOG_LEVEL: 'silent',
    ORDERS_AUTH: 'required',
    ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes',
  });
  let folder: string;
  let project: string;
  let proxy: TcpProxy;
  let key: string;
  let webhook: object;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-runtimes-'));
    project = join(folder, 'project');
    await mkdir(project);
    await installPacked(await packClient(folder), project);
    const dependencies = { 'order-service-client': '*' };
    await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
    await cp(projectPath('test', 'client', script), join(project, script));
    proxy = await startTcpProxy(service.url);
    ({ key } = await createApiKey(service.log.pool, {
      name: 'test',
      scopes: ['orders:write', 'orders:read', 'admin'],
      expiresAt: null,
    }));
    webhook = await receiveWebhook();
  });
  after(async () => {
    await proxy.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A message that the service has sent to a webhook. */
  async function receiveWebhook(): Promise<object> {
    const receiver = await startReceiver();
    const authorization = { authorization: `Bearer ${key}` };
    const created = await call(service, 'POST', '/webhooks', { url: receiver.url }, authorization);
    const order = { user_id: 'webhook', item_ids: ['a'], total_amount: 1 };
    await call(service, 'POST', '/orders', order, authorization);
    const { body, headers } = await eventually('the message', () => receiver.received[0]);
    await call(service, 'DELETE', `/webhooks/${created.body.webhook_id}`, undefined, authorization);
    receiver.stop();
    return { secret: created.body.secret, text: body, headers };
  }

  /** Writes the input of a run, and breaks three of the connections that the run will make. */
  async function prepare(user: string, url = proxy.url): Promise<void> {
    const input = { url, key, user, webhook };
    await writeFile(join(project, 'input.mjs'), `export const input = ${JSON.stringify(input)};\n`);
    proxy.disarm();
    for (const request of ['POST /orders HTTP', 'POST /orders/batch HTTP', 'GET /orders/stream?'])
      void proxy.breakAt(request, 'answered');
  }

  async function expectFacts(printed: string, user: string): Promise<void> {
    expect(JSON.parse(printed)).to.deep.equal(expected);
    const { rows } = await service.log.owner.query(
      `select count(*)::int as n, count(distinct data ->> 'items')::int as items from events
        where type = 'OrderPlaced' and data ->> 'user_id' = $1`,
      [`${user}-batch`],
    );
    expect(rows, 'orders of the batch').to.deep.equal([{ n: 1_499, items: 1_499 }]);
  }

  for (const { name, command, args } of runtimes) {
    it(`does what its README says in ${name}`, async function () {
      if (!isInstalled(command)) {
        console.log(`      skipped: ${name} is not installed; npm install --global ${name.toLowerCase()}`);
        this.skip();
      }
      await prepare(name);
      const { stdout } = await run(command, [...args, script], { cwd: project, timeout: 60_000 });
      await expectFacts(stdout, name);
    });
  }

  describeInBrowser('in a browser', (browser) => {
    it('does what its README says', async () => {
      // No trusted origin, as a page is that comes from another machine without TLS.
      const origin = 'http://orders.example';
      await prepare('Browser', origin);
      const { outputFiles } = buildSync({
        absWorkingDir: project,
        entryPoints: [script],
        bundle: true,
        format: 'esm',
        write: false,
      });
      // The policy of the service's pages allows no scripts of others.
      const page = await browser.open('about:blank', { bypassCSP: true });
      await page.route(`${origin}/**`, (route) => {
        const { pathname, search } = new URL(route.request().url());
        return route.continue({ url: new URL(pathname + search, proxy.url).href });
      });
      await page.goto(`${origin}/health/live`);
      expect(await page.evaluate('isSecureContext')).to.equal(false);
      const printed = page.waitForEvent('console', (message) => message.text().startsWith('{'));
      await page.addScriptTag({ content: outputFiles[0]?.text ?? '', type: 'module' });
      const message = await printed.catch(() => undefined);
      expect(browser.errors).to.deep.equal([]);
      await expectFacts(message?.text() ?? '{}', 'Browser');
    });
  });
});
