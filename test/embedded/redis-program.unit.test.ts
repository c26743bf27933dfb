import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { findRedisProgram, isOldRedis } from '../../src/embedded/redis.js';
import { projectPath } from '../../src/project-path.js';

describe('the program of the embedded Redis', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-redis-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** A folder with a program that prints a version. */
  async function installed(name: string, version: string): Promise<string> {
    const bin = join(folder, version);
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, name), `#!/bin/sh\necho "Server v=${version} sha=00000000:0"\n`, { mode: 0o755 });
    return bin;
  }

  /** Whether `npm start` finds a server on this path. */
  function setUpFindsOne(path: string): boolean {
    const module = pathToFileURL(projectPath('scripts', 'setup', 'redis-server.mjs')).href;
    const program = `import { hasRedis } from ${JSON.stringify(module)}; console.log(hasRedis());`;
    const options = { encoding: 'utf8', env: { ...process.env, PATH: path } } as const;
    return spawnSync(process.execPath, ['--input-type=module', '-e', program], options).stdout.trim() === 'true';
  }

  it('is the first on the PATH that is new enough, for the service and for npm start', async () => {
    const old = await installed('redis-server', '6.0.16');
    const path = [old, await installed('redis-server', '6.2.0'), await installed('redis-server', '8.0.6')];
    expect(await findRedisProgram(path.join(delimiter), '')).to.equal(join(path[1] ?? '', 'redis-server'));
    expect(setUpFindsOne(path.join(delimiter))).to.equal(true);
    const valkey = await installed('valkey-server', '9.1.2');
    expect(await findRedisProgram([old, valkey].join(delimiter), '')).to.equal(join(valkey, 'valkey-server'));
    expect(setUpFindsOne([old, valkey].join(delimiter))).to.equal(true);
  });

  it('is the one that npm start has built, if the PATH has only an old one', async () => {
    const old = await installed('redis-server', '5.0.14');
    expect(setUpFindsOne(old)).to.equal(false);
    const built = join(await installed('redis-server', '7.2.4'), 'redis-server');
    expect(await findRedisProgram(old, built)).to.equal(built);
  });

  it('is asked for in one sentence that names the old one and the needed version', async () => {
    const old = await installed('redis-server', '6.0.16');
    const refused = await findRedisProgram(old, '').catch((error: Error) => error.message);
    expect(refused).to.match(
      /6\.0\.16\/redis-server is Redis 6\.0\.16, but the service needs Redis 6\.2 or newer, or Valkey: install one/,
    );
    const missing = await findRedisProgram(join(folder, 'nowhere'), '').catch((error: Error) => error.message);
    expect(missing).to.match(/^there is no redis-server or valkey-server on the PATH: install one/);
  });

  it('of an unknown version is used: its start says what is wrong', () => {
    expect(['', 'unknown', '255.255.255', '7.0.15'].map(isOldRedis)).to.deep.equal([false, false, false, false]);
    expect(['6.0.16', '5.0.14', '6.1.240'].map(isOldRedis)).to.deep.equal([true, true, true]);
  });
});
