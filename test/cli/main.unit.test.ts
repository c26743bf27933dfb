import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

describe('the process of a command', () => {
  /** @param redirection of standard output, in the shell's words */
  const help = (redirection: string) => {
    const command = `"${process.execPath}" "${projectPath('scripts/orders.mjs')}" --help ${redirection}`;
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    return { status, stderr };
  };

  it('fails if its results cannot be written', function () {
    if (!existsSync('/dev/full')) this.skip();
    const { status, stderr } = help('> /dev/full');
    expect(status).to.equal(1);
    expect(stderr).to.match(/^orders: the results could not be written: .*no space left/m);
  });

  it('says nothing if the reader of its results has had enough', () => {
    expect(help('| true')).to.deep.equal({ status: 0, stderr: '' });
  });
});
