import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { blocksRunBy } from '../support/block-runs.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';

describe('docs/new-projection.md', () => {
  let folder: string;
  let log: TestLog;
  let service: RunningService | undefined;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-new-projection-'));
    log = await createTestLog(4);
  });
  after(async () => {
    await service?.stop();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('the code of docs/new-projection.md adds a read model and an endpoint that serves it', async () => {
    const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
    // These orders are older than the read model.
    const before = await startService(log);
    for (const user_id of ['u-1', 'u-1', 'u-2']) {
      const { body } = await call(before, 'POST', '/orders', { ...order, user_id });
      await call(before, 'POST', `/orders/${body.order_id}/pay`);
    }
    await before.stop();

    for (const name of ['src', 'client', 'sql', 'redis', 'web', 'package.json', 'tsconfig.json'])
      await cp(projectPath(name), join(folder, name), { recursive: true });
    await symlink(projectPath('node_modules'), join(folder, 'node_modules'));
    await followTheDocument();
    await promisify(execFile)(process.execPath, [projectPath('node_modules/typescript/bin/tsc'), '--project', folder]);

    service = await startService(log, {}, folder);
    const { url } = service;
    // `call` checks responses against the OpenAPI document, which lacks the new endpoint.
    const revenue = async (user: string) => {
      const response = await fetch(`${url}/customers/${user}/revenue`);
      return response.ok ? ((await response.json()) as { revenue: number }).revenue : undefined;
    };
    await eventually(
      'the history to be folded',
      async () => (await revenue('u-1')) === 20 && (await revenue('u-2')) === 10,
    );
    const { body } = await call(service, 'POST', '/orders', order);
    await call(service, 'POST', `/orders/${body.order_id}/pay`);
    await call(service, 'POST', `/orders/${body.order_id}/refund`, { amount: 2.5, reason: 'late' });
    expect(await revenue('u-1')).to.equal(27.5);
    const { projections } = (await call(service, 'GET', '/projections')).body;
    expect(projections.map(({ name }: { name: string }) => name)).to.include('customer-revenue');
    await tryTheFold();
  });

  /** Applies the code blocks of the document: each is a new file, or lines that are inserted. */
  async function followTheDocument(): Promise<void> {
    const blocks = blocksRunBy('test/docs/new-projection.slow.test.ts').filter(({ language }) => language !== 'sh');
    expect(blocks.length).to.equal(10);
    for (const { language, code, line } of blocks) {
      const [, name, content] = /^\/\/ (\S+)\n(.*)$/s.exec(code) ?? [];
      if (name === undefined || content === undefined) throw new Error(`the block at line ${line} names no file`);
      const file = join(folder, name);
      if (language === 'ts') {
        await writeFile(file, content);
        continue;
      }
      const lines = content.split('\n').slice(0, -1);
      const [old, changed] = ['+', '-'].map((sign) =>
        lines.flatMap((line) => (line.startsWith(sign) ? [] : [line.slice(1)])).join('\n'),
      );
      const source = await readFile(file, 'utf8');
      expect(source, `${name} has no such lines`).to.include(old);
      await writeFile(file, source.replace(old!, changed!));
    }
  }

  /** Runs the command that compares the live read model with a changed fold: here with its own. */
  async function tryTheFold(): Promise<void> {
    const commands = blocksRunBy('test/docs/new-projection.slow.test.ts').filter(({ language }) => language === 'sh');
    const [command = '', ...others] = commands.map(({ code }) => code.trim());
    expect(others).to.deep.equal([]);
    const [npx, orders, ...args] = command.split(' ');
    expect([npx, orders]).to.deep.equal(['npx', 'orders']);
    const env = { ...process.env, DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl };
    const main = join(folder, 'dist/src/cli/main.js');
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { env });
    expect(stdout).to.match(/customer-revenue/);
  }
});
