import { mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { prepareDatabaseFiles } from '../../src/embedded/database-files.js';
import { databaseFolder } from '../../src/embedded/postgres-files.js';
import { ConfigError } from '../../src/environment.js';

describe('The files of a database', () => {
  let folder: string;
  let pgData: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-database-files-'));
    pgData = join(folder, 'postgres');
    await mkdir(join(pgData, 'base', '16384'), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Why the files are refused. They are still there afterwards. */
  async function refusal(kept?: string): Promise<string> {
    const files = { pgData, initdb: join(folder, 'no-initdb'), postgres: '', majorVersion: '18' };
    const options = { user: 'orders', runAs: undefined, logFile: join(folder, 'log'), notify: () => undefined };
    const refused = await prepareDatabaseFiles(files, options).then(
      () => 'nothing',
      (error: unknown) => String(error),
    );
    const names = await readdir(pgData);
    if (kept === undefined) expect(names).to.deep.equal([]);
    else expect(names).to.include(kept);
    return refused;
  }

  it('are kept if their version cannot be read', async () => {
    await mkdir(join(pgData, 'PG_VERSION'));
    expect(await refusal('base')).to.match(/the database files cannot be read: .*PG_VERSION is a folder/);
  });

  it('are kept if they were in use and their version is lost', async () => {
    await writeFile(join(pgData, 'postmaster.opts'), '');
    expect(await refusal('base')).to.match(/ lack PG_VERSION: restore them from a backup/);
  });

  it('are kept if they hold a database and come from a backup that lacks their version', async () => {
    // pg_basebackup leaves out what PostgreSQL writes at a start.
    expect(await refusal('base')).to.match(/ lack PG_VERSION: restore them from a backup/);
  });

  it('are kept if they are from a backup of a server whose only database is that of PostgreSQL', async () => {
    await rename(join(pgData, 'base', '16384'), join(pgData, 'base', '5'));
    await writeFile(join(pgData, 'PG_VERSION'), '18\n');
    await writeFile(join(pgData, 'backup_label'), '');
    expect(await refusal('backup_label')).to.equal('nothing');
  });

  it('are kept if the folder of their databases is lost', async () => {
    await rm(join(pgData, 'base'), { recursive: true });
    await mkdir(join(pgData, 'global'));
    await writeFile(join(pgData, 'global', 'pg_control'), '');
    expect(await refusal('global')).to.match(/ lack PG_VERSION: restore them from a backup/);
  });

  it('are no files that somebody else keeps in a folder of this name', async () => {
    await rm(join(pgData, 'base'), { recursive: true });
    await writeFile(join(pgData, 'notes.txt'), '');
    expect(await refusal('notes.txt')).to.match(
      /has other files than a database, such as "notes.txt": set ORDERS_DATA_/,
    );
  });

  it('are not hidden by a new database if their file system is not mounted', async () => {
    await rm(join(pgData, 'base'), { recursive: true });
    expect(await refusal()).to.match(/is empty: mount the file system with the database files there, or remove/);
  });

  it('are created again if their creation was interrupted', async () => {
    await rename(join(pgData, 'base', '16384'), join(pgData, 'base', '1'));
    await writeFile(join(pgData, 'pg_hba.conf'), '');
    const files = { pgData, initdb: join(folder, 'no-initdb'), postgres: '', majorVersion: '18' };
    const messages: string[] = [];
    const notify = (message: string) => messages.push(message);
    const options = { user: 'orders', runAs: undefined, logFile: join(folder, 'log'), notify };
    // There is no initdb in this test.
    expect(await prepareDatabaseFiles(files, options).catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(messages.join()).to.match(/was interrupted: it starts again,creating the database files/);
    expect(await readdir(folder)).not.to.include('postgres');
    // A start that ran as another user has made the link to its files before these.
    await symlink(join(folder, 'not-yet'), pgData);
    expect(await prepareDatabaseFiles(files, options).catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await readdir(folder)).not.to.include('postgres');
  });

  it('are not hidden by a new database if their link leads to nothing', async () => {
    await rename(pgData, `${pgData}-elsewhere`);
    await symlink(`${pgData}-elsewhere`, pgData);
    const found = () => databaseFolder(folder, undefined, expect.fail).catch(String);
    expect(await found()).to.equal(pgData);
    await rename(`${pgData}-elsewhere`, `${pgData}-unmounted`);
    expect(await found()).to.match(/postgres is a link to .*-elsewhere, where nothing is: mount the file system/);
  });

  it('are kept if their databases cannot be listed', async () => {
    await writeFile(join(pgData, 'PG_VERSION'), '18\n');
    await rm(join(pgData, 'base'), { recursive: true });
    await writeFile(join(pgData, 'base'), '');
    expect(await refusal('base')).to.match(/the database files cannot be read: .*base is not a folder/);
  });

  describe('of a server that runs as another user', () => {
    const runAs = { uid: 65_534, gid: 65_534 };

    it('are not hidden by a new database if this user may no longer enter the data folder', async () => {
      // `mkdtemp` closes a folder to other users.
      const refused = await databaseFolder(folder, runAs, expect.fail).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(ConfigError);
      expect(String(refused)).to.match(/which the user postgres may not enter, although the database files are in it/);
      expect(await databaseFolder(folder, undefined, expect.fail)).to.equal(pgData);
    });

    it('are found by their link, also if the data folder has another name by now', async () => {
      const dataDir = join(folder, 'data');
      await mkdir(dataDir);
      await symlink(pgData, join(dataDir, 'postgres'));
      await rename(dataDir, `${dataDir}-moved`);
      expect(await databaseFolder(`${dataDir}-moved`, runAs, expect.fail)).to.equal(await realpath(pgData));
    });
  });
});
