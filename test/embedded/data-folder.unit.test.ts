import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { readSigningKeys } from '../../src/audit/signing-key.js';
import { lockDataDir } from '../../src/embedded/data-dir-lock.js';
import { makeFolder } from '../../src/embedded/data-folder.js';
import { ConfigError } from '../../src/environment.js';

describe('A data folder that cannot be used', () => {
  let folder: string;
  const mounted: string[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-data-folder-'));
    await writeFile(join(folder, 'file'), '');
    await symlink('/nowhere/at/all', join(folder, 'link'));
  });
  after(async () => {
    for (const path of mounted) execFileSync('umount', [path]);
    await rm(folder, { recursive: true, force: true });
  });

  async function refusal(dataDir: string): Promise<string> {
    const refused = await lockDataDir(dataDir, 'orders serve').catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ConfigError);
    return (refused as ConfigError).message;
  }

  /** Mounts a file system in memory. @returns its folder; undefined if this user may not mount. */
  async function mount(name: string, options: string): Promise<string | undefined> {
    const path = join(folder, name);
    await mkdir(path);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    mounted.push(path);
    return path;
  }

  it('is named with the reason if something else is in its place', async () => {
    expect(await refusal(join(folder, 'file'))).to.match(/ORDERS_DATA_DIR is .*file, which is not a folder, or not/);
    expect(await refusal(join(folder, 'file', 'a', 'b'))).to.match(/which is not a folder, or not in one/);
    expect(await refusal(join(folder, 'link'))).to.match(/which is not a folder, or is a link to nothing/);
  });

  it('is named with the reason if this user may not write there', async function () {
    const { geteuid, seteuid } = process;
    if (!geteuid || !seteuid) return this.skip();
    const dataDir = join(folder, 'of-another');
    await makeFolder(join(dataDir, 'lock'), 0o755);
    await chmod(join(dataDir, 'lock'), 0o555);
    await chmod(folder, 0o755);
    const user = geteuid();
    // Root may write anywhere.
    if (user === 0) seteuid(65_534);
    try {
      expect(await refusal(dataDir)).to.match(/of-another, which is not open to this user: correct its permissions/);
    } finally {
      seteuid(user);
    }
  });

  it('is named with the reason on a file system on which no folder can be created', async function () {
    if (process.platform !== 'linux') this.skip();
    for (const dataDir of ['/proc', '/proc/orders', '/proc/orders/data']) {
      expect(await refusal(dataDir)).to.equal(
        `ORDERS_DATA_DIR is ${dataDir}, which is on a file system on which no folder can be created`,
      );
    }
  });

  it('is named with the reason on a file system that is read-only', async function () {
    const disk = await mount('read-only', 'size=64k');
    if (disk === undefined) return this.skip();
    await makeFolder(join(disk, 'old', 'lock'), 0o700);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    for (const name of ['old', 'new', 'new/data']) {
      expect(await refusal(join(disk, name))).to.match(/, which is on a file system that is read-only$/);
    }
  });

  it('is named with the reason on a file system that is full', async function () {
    const disk = await mount('full', 'nr_inodes=2');
    if (disk === undefined) return this.skip();
    for (const dataDir of [disk, join(disk, 'data')]) {
      expect(await refusal(dataDir)).to.match(/, which is on a file system that is full$/);
    }
  });

  it('keeps no empty signing key on a file system that is full', async function () {
    const disk = await mount('no-space', 'size=4k');
    if (disk === undefined) return this.skip();
    await writeFile(join(disk, 'ballast'), Buffer.alloc(4096));
    const key = join(disk, 'key.pem');
    const refused = await readSigningKeys([key], true).catch((error: unknown) => error);
    expect(String(refused)).to.match(/the signing key cannot be created: .*key\.pem is on a file system that is full/);
    await rm(join(disk, 'ballast'));
    expect(await readSigningKeys([key], true)).to.have.length(1);
  });

  it('has one signing key, which is complete as soon as anybody can see it', async () => {
    const place = join(folder, 'at-once');
    await makeFolder(place, 0o700);
    const files = Array.from({ length: 20 }, (_, nth) => join(place, `${nth}.pem`));
    const watcher = new Worker(
      `const { readFileSync } = require('node:fs');
       const { parentPort, workerData } = require('node:worker_threads');
       parentPort.postMessage('ready');
       parentPort.postMessage(workerData.map((file) => {
         for (;;) try { return readFileSync(file, 'utf8'); } catch {}
       }));`,
      { eval: true, workerData: files },
    );
    await once(watcher, 'message');
    const seen = once(watcher, 'message');
    for (const file of files) {
      const created = await Promise.all([file, file, file].map((one) => readSigningKeys([one], true)));
      expect(new Set(created.map(([key]) => key?.publicJwk.kid)).size).to.equal(1);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
    }
    const [contents] = await seen;
    for (const content of contents) expect(content).to.match(/-----END PRIVATE KEY-----\n$/);
    expect(await readdir(place), 'nothing else is left').to.have.length(files.length);
  });

  it('keeps its signing key if the process has too many open files to read it', async function () {
    if (process.platform === 'win32') this.skip();
    const key = join(folder, 'kept.pem');
    const [created] = await readSigningKeys([key], true);
    const program = `
      const [fs, { readSigningKeys }] = [await import('node:fs'), await import(process.argv[1])];
      try { for (;;) fs.openSync('/dev/null'); } catch {}
      await readSigningKeys([process.argv[2]], true).catch(({ cause }) => console.log(cause.code));
    `;
    const started = [process.execPath, '--input-type=module', '-e', program];
    const module = import.meta.resolve('../../src/audit/signing-key.js');
    const limited = ['-c', 'ulimit -n 64 && exec "$@"', 'sh', ...started, module, key];
    expect(execFileSync('sh', limited, { encoding: 'utf8' })).to.equal('EMFILE\n');
    expect(await readSigningKeys([key], false)).to.deep.equal([created]);
  });
});

describe('A folder that is created with those above it', () => {
  it('exists once, for however many that create it at once', async () => {
    const above = await mkdtemp(join(tmpdir(), 'orders-make-folder-'));
    try {
      const path = join(above, 'a', 'b', 'c');
      await Promise.all(Array.from({ length: 8 }, () => makeFolder(path, 0o700)));
      expect((await stat(path)).mode & 0o777).to.equal(0o700);
    } finally {
      await rm(above, { recursive: true, force: true });
    }
  });
});
