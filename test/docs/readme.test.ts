import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { consoleSteps, isShown, Shell } from '../support/console-blocks.js';
import { useService } from '../support/service.js';

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
    const shell = await Shell.open(service.url, service.log);
    const steps = await consoleSteps('README.md');
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
  describe(page, function () {
    this.timeout(120_000);
    const signingKey = projectPath('test', 'fixtures', 'format-1', 'signing-key.pem');
    const service = useService({ ORDERS_SIGNING_KEY_FILES: signingKey });

    it(`shows what its commands really print: ${page}`, async () => {
      const shell = await Shell.open(service.url, service.log);
      const steps = await consoleSteps(page);
      expect(steps.length).to.be.at.least(atLeast);
      for (const { command, output } of steps) {
        const stdout = await shell.run(command);
        expect(isShown(output, stdout), `$ ${command}\nshows\n${output}\nand prints\n${stdout}`).to.equal(true);
      }
      await shell.close();
    });
  });
}
