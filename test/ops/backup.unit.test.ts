import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

describe('ops/backup/backup.sh (which runs on Linux, in the image of PostgreSQL)', () => {
  let work: string;
  let folder: string;
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'orders-backup-'));
    folder = join(work, 'backups');
    mkdirSync(folder);
    program(
      'pg_dump',
      'echo pg_dump runs; for word; do case $word in --file=*) echo dump > "$(echo "$word" | cut -d= -f2)";; esac; done',
    );
    // The script ends at its first pause, and the output has the length of it.
    program('sleep', 'echo "sleep $1"; kill -TERM $PPID');
  });
  afterEach(() => rmSync(work, { recursive: true, force: true }));

  function program(name: string, text: string): void {
    const file = join(work, name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  }

  function file(name: string, ageHours: number): void {
    writeFileSync(join(folder, name), 'x');
    const at = Date.now() / 1000 - ageHours * 3600;
    utimesSync(join(folder, name), at, at);
  }

  function run(...args: string[]) {
    const env = { ...process.env, PATH: `${work}:${process.env.PATH}`, BACKUP_FOLDER: folder, BACKUP_KEEP: '2' };
    const { status, stdout } = spawnSync('bash', [projectPath('ops/backup/backup.sh'), ...args], {
      env,
      encoding: 'utf8',
    });
    return { status, stdout, files: readdirSync(folder) };
  }

  it('a start dumps, unless a dump is younger than 23 hours', () => {
    file('orders-2000-01-01T00-00-00Z.dump', 24);
    const old = run();
    expect(old.files).to.have.length(2);
    expect(old.stdout).to.include('sleep 86400');
    const fresh = run();
    expect(fresh.stdout).not.to.include('pg_dump runs');
    expect(fresh.files).to.deep.equal(old.files);
    expect(Number(/sleep (\d+)/.exec(fresh.stdout)?.[1])).to.be.within(80_000, 86_400);
  });

  it('keeps the newest dumps, and removes the part of a dump that was killed', () => {
    for (const day of [1, 2, 3]) file(`orders-2000-01-0${day}T00-00-00Z.dump`, 100 - day);
    file('orders-2000-01-04T00-00-00Z.dump.part', 2);
    const { status, files } = run('--once');
    expect(status).to.equal(0);
    expect(files).to.have.length(2);
    expect(files[0]).to.equal('orders-2000-01-03T00-00-00Z.dump');
  });

  for (const name of ['pg_dump', 'mv']) {
    it(`fails if ${name} fails, leaves no part, and tries again in an hour`, () => {
      program(name, 'exit 1');
      const once = run('--once');
      expect([once.status, once.files]).to.deep.equal([1, []]);
      expect(run().stdout).to.include('sleep 3600');
    });
  }
});
