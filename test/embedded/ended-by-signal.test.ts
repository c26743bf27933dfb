import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { createDataDir } from '../support/data-dir.js';
import { eventually } from '../support/servers.js';
import { startService } from '../support/service.js';

describe('A process with embedded servers', () => {
  let folder: string;
  before(async () => {
    folder = await createDataDir('signal');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const startEmbedded = () => startService(undefined, { ORDERS_DATA_DIR: folder });
  const postgresPid = async () =>
    Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);
  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('stops them, and ends with 0, when its terminal is closed', async () => {
    const service = await startEmbedded();
    const pid = await postgresPid();
    service.kill('SIGHUP');
    expect(await service.exited).to.equal(0);
    expect(isRunning(pid)).to.equal(false);
  });

  it('stops them, and ends with 0, if nobody reads its messages', async () => {
    const service = await startEmbedded();
    const pid = await postgresPid();
    service.process.stdout?.destroy();
    service.process.stderr?.destroy();
    expect(await service.stop()).to.equal(0);
    expect(isRunning(pid)).to.equal(false);
  });

  it('stops them if a signal ends a command that has started them', async () => {
    const watching = spawn(process.execPath, [projectPath('dist/src/cli/main.js'), 'status', '--watch', '--json'], {
      env: { ...process.env, ORDERS_DATA_DIR: folder },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(watching, 'exit');
    await once(watching.stdout, 'data');
    const pid = await postgresPid();
    watching.kill('SIGTERM');
    expect(await ended).to.deep.equal([null, 'SIGTERM']);
    await eventually('PostgreSQL to end', () => !isRunning(pid));
  });
});
