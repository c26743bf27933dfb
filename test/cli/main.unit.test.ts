import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

describe('the process of a command', () => {
  const help = `"${process.execPath}" "${projectPath('scripts/orders.mjs')}" --help`;
  const inShell = (command: string) => {
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    return { status, stderr };
  };

  it('fails if its results cannot be written', function () {
    if (!existsSync('/dev/full')) this.skip();
    const { status, stderr } = inShell(`${help} > /dev/full`);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^orders: the results could not be written: .*no space left/m);
  });

  it('a .env file that cannot be read leads to exit code 2, as wrong arguments do', () => {
    const folder = mkdtempSync(join(tmpdir(), 'orders-env-'));
    writeFileSync(join(folder, '.env'), 'ORDERS_AUTH');
    const { status, stderr } = inShell(`cd "${folder}" && ${help}`);
    rmSync(folder, { recursive: true });
    expect(stderr).to.match(/^orders: \.env, line 1: write NAME=value/);
    expect(status).to.equal(2);
  });

  it('gives each address of a server’s name longer than the 250 ms of Node to accept a connection', () => {
    const atExit =
      "import { getDefaultAutoSelectFamilyAttemptTimeout as ms } from 'node:net';" +
      "process.on('exit', () => console.error('address:', ms(), 'ms'));";
    const env = { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(atExit)}` };
    const orders = projectPath('scripts/orders.mjs');
    const { stderr } = spawnSync(process.execPath, [orders, '--help'], { encoding: 'utf8', env });
    expect(stderr).to.include('address: 2500 ms');
  });

  it('ends after an error that nothing has caught, and shows none of its properties, which may be secret', () => {
    const fail =
      "process.on('exit', () => console.error('exit listeners run'));" +
      "const fail = () => Promise.reject(Object.assign(new Error('it broke'), { client: { secretKey: 4_000 + 711 } }));" +
      "process.on('newListener', (event) => event === 'uncaughtException' && setImmediate(fail));" +
      'setInterval(() => undefined, 1_000);';
    const env = { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fail)}` };
    const orders = projectPath('scripts/orders.mjs');
    const { stderr, status } = spawnSync(process.execPath, [orders, '--help'], { encoding: 'utf8', env });
    expect(status).to.equal(1);
    expect(stderr)
      .to.match(/orders: unexpected error: Error: it broke\n +at /)
      .and.include('exit listeners run')
      .and.not.include('4711');
  });

  it('says nothing if the reader of its results has had enough', () => {
    // The status of a pipe is that of its last command.
    const piped = inShell(`{ ${help}; echo "ended with $?" >&2; } | true`);
    expect(piped.stderr).to.equal('ended with 0\n');
  });
});
