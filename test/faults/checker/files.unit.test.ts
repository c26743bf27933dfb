import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { heapSnapshot, heapSnapshotFlags } from '../topology/heap-snapshot.js';
import { findNamesInFolder, namesInFile } from './files.js';

describe('the search for forgotten persons in files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-names-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('finds a name wherever it is, also where two pieces of a large file meet', async () => {
    const file = join(folder, 'large');
    const pieceBytes = 4 * 1024 * 1024;
    for (const before of [0, 1, pieceBytes - 3, pieceBytes, 2 * pieceBytes - 1]) {
      await writeFile(file, Buffer.concat([Buffer.alloc(before), Buffer.from('Grete'), Buffer.alloc(10)]));
      expect(await namesInFile(file, ['Grete', 'Hans']), `after ${before} bytes`).to.deep.equal(['Grete']);
    }
    expect(await namesInFile(join(folder, 'none'), ['Grete'])).to.deep.equal([]);
  });

  it('searches the subfolders of a folder', async () => {
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await writeFile(join(folder, 'a', 'b', 'c'), 'x Grete x');
    expect(await findNamesInFolder('Redis', folder, ['Grete', 'Hans'])).to.deep.equal([
      `Redis, ${join(folder, 'a', 'b', 'c')}, has the forgotten name Grete.`,
    ]);
  });

  it('finds what a process holds in its heap, also within a long text, and not what it has let go', async () => {
    const program = `
      const held = 'x'.repeat(5_000) + process.argv[1];
      let gone = { name: process.argv[2] };
      process.argv.length = 1;
      setInterval(() => globalThis.use?.(held), 1_000);
      gone = undefined;
      console.log('ready');`;
    const [held, gone] = ['held', 'gone'].map((word) => Buffer.from(`a name that is ${word}`).toString('base64url'));
    const decoded = program.replaceAll(
      /process\.argv\[(\d)\]/g,
      "Buffer.from(process.argv[$1], 'base64url').toString()",
    );
    const child = spawn(process.execPath, [...heapSnapshotFlags(folder), '-e', decoded, held ?? '', gone ?? ''], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      const file = await heapSnapshot(folder, (signal) => child.kill(signal));
      expect(await namesInFile(file, ['a name that is held', 'a name that is gone'])).to.deep.equal([
        'a name that is held',
      ]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
