import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { EmbeddedServer } from '../../../src/embedded/child.js';
import { startRedis } from '../../../src/embedded/redis.js';
import { rewritePersistence } from '../../../src/read-models/redis/rewrite-persistence.js';
import { createDataDir } from '../../support/data-dir.js';

describe('the files of Redis', () => {
  let folder: string;
  let server: EmbeddedServer;
  let redis: Redis;
  beforeEach(async () => {
    folder = await createDataDir('redis-files');
    server = await startRedis(folder, () => undefined);
    redis = new Redis(server.url);
  });
  afterEach(async () => {
    redis.disconnect();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const files = async () => {
    const entries = await readdir(join(folder, 'redis'), { recursive: true, withFileTypes: true });
    return entries.map((entry) => ({ path: join(entry.parentPath, entry.name), isFile: entry.isFile() }));
  };
  const filesWith = async (text: string) => {
    const found: string[] = [];
    for (const { path, isFile } of await files()) {
      if (isFile && (await readFile(path, 'latin1')).includes(text)) found.push(path);
    }
    return found;
  };

  it('hold nothing of a removed value once they are rewritten', async () => {
    await redis.set('user', 'Ada Lovelace');
    await redis.save();
    await redis.del('user');
    expect(await filesWith('Ada Lovelace')).to.have.length(2);
    expect(await rewritePersistence(redis, 10_000)).to.deep.equal([]);
    expect(await filesWith('Ada Lovelace')).to.deep.equal([]);
  });

  it('are named if Redis does not let the service rewrite them', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+info', '+set');
    const url = Object.assign(new URL(server.url), { username: 'limited', password: 'secret' });
    const limited = new Redis(url.href);
    expect((await rewritePersistence(limited, 10_000)).join()).to.match(/append-only file .* not rewritten: NOPERM/);
    await redis.call('ACL', 'SETUSER', 'limited', '-info');
    expect((await rewritePersistence(limited, 10_000)).join()).to.match(/does not say which files it has: NOPERM/);
    limited.disconnect();
  });

  it('are readable by their owner only', async () => {
    await redis.set('user', 'Ada Lovelace');
    for (const { path } of await files()) expect((await stat(path)).mode & 0o077, path).to.equal(0);
  });
});
