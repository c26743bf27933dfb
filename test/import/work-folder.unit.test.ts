import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { removeAbandonedFolders, workFolder } from '../../src/import/work-folder.js';

describe('the folder of an import', () => {
  it('is removed if its process has ended, and stays if its process runs or is on another machine', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orders-work-'));
    try {
      const file = join(folder, 'orders.csv');
      const of = (pid: number) => workFolder(file).replace(/\d+$/, String(pid));
      const ended = spawnSync(process.execPath, ['--version']).pid;
      const kept = [workFolder(file), of(process.ppid), `${file}.import-work.elsewhere.${ended}`];
      for (const path of [...kept, of(ended)]) {
        await mkdir(path);
        await writeFile(join(path, 'utf-8'), 'rows');
      }
      await removeAbandonedFolders(file);
      expect(new Set(await readdir(folder))).to.deep.equal(new Set(kept.map((path) => basename(path))));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
