import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { blocksRunBy } from '../support/block-runs.js';
import { commandsOf, isShown } from '../support/console-blocks.js';
import { call, useService } from '../support/service.js';
import { Shell } from '../support/shell.js';

const blocksOf = (page: string) => blocksRunBy('test/docs/readme.test.ts', page);

/** Replaces values that differ from run to run: times, request ids, hashes, durations. */
function withoutTimes(text: string): unknown {
  return JSON.parse(text, (key, value) => {
    if (
      [
        'placed_at',
        'updated_at',
        'shipped_at',
        'occurred_at',
        'recorded_at',
        'hash',
        'request_id',
        'correlation_id',
      ].includes(key)
    )
      return typeof value;
    if (['mean', 'p50', 'p90', 'p99'].includes(key)) return value === null ? null : 'seconds';
    return value;
  });
}

describe('the README', () => {
  const service = useService();

  it('prints what its example really answers', async () => {
    const shell = await Shell.open(service);
    const steps = blocksOf('README.md').flatMap(commandsOf);
    expect(steps).to.have.length(9);
    const id = steps.shift()?.command ?? '';
    for (const { command, output } of steps) {
      const stdout = await shell.run(`${id}\n${command}`);
      if (output === '') expect(stdout).to.equal('');
      else expect(withoutTimes(stdout), command).to.deep.equal(withoutTimes(output));
    }
    await shell.close();
  });
});

for (const [page, atLeast] of [
  ['docs/getting-started.md', 12],
  ['docs/http-guide.md', 14],
] as const) {
  describe(page, () => {
    const signingKey = projectPath('test', 'fixtures', 'format-1', 'signing-key.pem');
    const service = useService({ ORDERS_SIGNING_KEY_FILES: signingKey });
    let shell: Shell;
    before(async () => {
      shell = await Shell.open(service);
    });
    after(() => shell.close());

    it(`shows what its commands really print: ${page}`, async () => {
      const steps = blocksOf(page).flatMap((block) => (block.language === 'console' ? commandsOf(block) : []));
      expect(steps.length).to.be.at.least(atLeast);
      for (const { command, output } of steps) {
        const stdout = await shell.run(command);
        expect(isShown(output, stdout), `$ ${command}\nshows\n${output}\nand prints\n${stdout}`).to.equal(true);
      }
    });

    if (page !== 'docs/http-guide.md') return;

    it('the next synchronisation and the streams of docs/http-guide.md continue where the last ones ended', async () => {
      const shells = blocksOf(page).filter(({ language }) => language === 'sh');
      const [next, open, resume, ...others] = shells.flatMap(commandsOf).map(({ command }) => command);
      if (next === undefined || open === undefined || resume === undefined) throw new Error('a command is missing');
      expect(others).to.deep.equal([]);
      const { body: page1 } = await call(service, 'GET', '/orders?sort=updated&updated_since=2020-01-01T00:00:00Z');
      await writeFile(join(shell.folder, 'cursor'), page1.next_cursor ?? '');
      expect(JSON.parse(await shell.run(next))).to.deep.equal({ orders: [], next_cursor: page1.next_cursor });

      const [order] = page1.orders;
      const note = () => call(service, 'POST', `/orders/${order?.order_id}/note`, { text: 'again' });
      const [, lastId = ''] = await shell.until(open, /^id: (\S+)\ndata: .*"OrderNoteAdded"/m, note);
      await note();
      const resumed = `LAST_ID=${lastId}; ${resume}`;
      const [, version] = await shell.until(resumed, /^data: .*"version":(\d+).*"OrderNoteAdded"/m);
      expect(Number(version)).to.equal((order?.version ?? 0) + 2);
    });
  });
}
