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

  const options = { removeValues: async () => undefined, timeoutMs: 10_000 };
  const files = async () => {
    const entries = await readdir(join(folder, 'redis'), { recursive: true, withFileTypes: true });
    return entries.map((entry) => ({ path: join(entry.parentPath, entry.name), isFile: entry.isFile() }));
  };
  const restart = async () => {
    await server.stop();
    server = await startRedis(folder, () => undefined, { port: Number(new URL(server.url).port) });
    // The next server has another password.
    redis.options.password = new URL(server.url).password;
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
    expect(await rewritePersistence(redis, options)).to.deep.equal([]);
    expect(await filesWith('Ada Lovelace')).to.deep.equal([]);
  });

  it('are rewritten again if Redis restarts meanwhile, once the value was removed again', async () => {
    await redis.set('user', 'Ada Lovelace');
    await redis.save();
    redis.on('error', () => undefined);
    let tries = 0;
    const removeValues = async () => {
      tries += 1;
      // The restarted server still has the value, as one has that lost its last commands.
      if (tries === 1) await restart();
      else await redis.del('user');
    };
    expect(await rewritePersistence(redis, { removeValues, timeoutMs: 10_000 })).to.deep.equal([]);
    expect(tries).to.equal(2);
    expect(await filesWith('Ada Lovelace')).to.deep.equal([]);
  });

  it('are named if Redis forbids its state to be read while it rewrites them', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+info', '+bgrewriteaof', '+bgsave');
    const limited = new Redis(Object.assign(new URL(server.url), { username: 'limited', password: 'secret' }).href);
    const call = limited.call.bind(limited);
    limited.call = (async (command: string) => {
      await redis.call('ACL', 'SETUSER', 'limited', '-info');
      return call(command);
    }) as typeof limited.call;
    const left = await rewritePersistence(limited, options);
    expect(left.join()).to.match(/does not say which files it has: NOPERM/);
    limited.disconnect();
  });

  it('are named if Redis does not let the service rewrite them', async () => {
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+info', '+set');
    const url = Object.assign(new URL(server.url), { username: 'limited', password: 'secret' });
    const limited = new Redis(url.href);
    expect((await rewritePersistence(limited, options)).join()).to.match(/append-only file .* not rewritten: NOPERM/);
    await redis.call('ACL', 'SETUSER', 'limited', '-info');
    expect((await rewritePersistence(limited, options)).join()).to.match(/does not say which files it has: NOPERM/);
    limited.disconnect();
  });

  it('are readable by their owner only', async () => {
    await redis.set('user', 'Ada Lovelace');
    for (const { path } of await files()) expect((await stat(path)).mode & 0o077, path).to.equal(0);
  });
});
