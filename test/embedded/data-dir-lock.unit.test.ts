import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { DataDirInUse, type DataDirLock, joinDataDir, lockDataDir } from '../../src/embedded/data-dir-lock.js';
import { projectPath } from '../../src/project-path.js';

describe('the lock of a data folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const sockets = async () => (await readdir(join(folder, 'lock'))).filter((name) => name.endsWith('.sock'));

  /** Locks the folder in a process of its own, and kills that process. */
  async function lockAndDie(): Promise<void> {
    const module = pathToFileURL(projectPath('dist', 'src', 'embedded', 'data-dir-lock.js')).href;
    const program = `import { lockDataDir } from ${JSON.stringify(module)};
      await lockDataDir(${JSON.stringify(folder)}, 'killed');
      console.log('locked');
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  }

  async function lockMany(count: number): Promise<{ locks: DataDirLock[]; refusals: unknown[] }> {
    const all = await Promise.allSettled(Array.from({ length: count }, () => lockDataDir(folder, 'orders serve')));
    return {
      locks: all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      refusals: all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])),
    };
  }

  it('of many processes that start at once after a kill, exactly one gets the data folder', async () => {
    for (let round = 0; round < 10; round += 1) {
      if (round < 2) await lockAndDie();
      const { locks, refusals } = await lockMany(6);
      expect(locks, `round ${round}`).to.have.length(1);
      for (const refusal of refusals) expect(refusal).to.be.instanceOf(DataDirInUse);
      expect(await sockets(), 'sockets of dead processes are removed').to.have.length(1);
      await locks[0]?.release();
    }
  });

  it('a refusal names the process that uses the data folder, what it does and since when', async () => {
    const lock = await lockDataDir(folder, 'orders serve');
    const refusal = await lockDataDir(folder, 'orders status').catch((error: Error) => error);
    expect(String(refusal)).to.match(
      new RegExp(`process ${process.pid} \\(orders serve, since 20\\d\\d-.*Z\\) uses ${folder}: stop it, or set`),
    );
    await lock.release();
    await (await lockDataDir(folder, 'orders status')).release();
  });

  it('the lock belongs to the data folder, whatever the temporary folder is', async () => {
    const { TMPDIR } = process.env;
    const lock = await lockDataDir(folder, 'orders serve');
    try {
      process.env.TMPDIR = folder;
      expect(await lockDataDir(folder, 'orders status').catch((error: Error) => error)).to.be.instanceOf(DataDirInUse);
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
      await lock.release();
    }
  });

  it('a data folder with a path longer than that of a socket may be is locked too', async function () {
    if (process.platform !== 'linux') this.skip();
    const long = join(folder, 'x'.repeat(200));
    await mkdir(long);
    const lock = await lockDataDir(long, 'orders serve');
    expect(await lockDataDir(long, 'orders status').catch((error: Error) => error)).to.be.instanceOf(DataDirInUse);
    expect((await joinDataDir(long))?.owner.command).to.equal('orders serve');
    await lock.release();
  });

  it('an owner can wait until the processes that joined it have left', async () => {
    expect(await joinDataDir(folder)).to.equal(undefined);
    const lock = await lockDataDir(folder, 'orders verify');
    await lock.waitUntilUnused();
    const joined = await joinDataDir(folder);
    let unused = false;
    const waiting = lock.waitUntilUnused().then(() => {
      unused = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(unused).to.equal(false);
    joined?.leave();
    await waiting;
    await lock.release();
    expect(await joinDataDir(folder)).to.equal(undefined);
  });
});
