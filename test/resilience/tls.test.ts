import { chmod, chown, rm } from 'node:fs/promises';
import { expect } from 'chai';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { freePort } from '../../src/embedded/child.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startRedis } from '../../src/embedded/redis.js';
import { serverUser } from '../../src/embedded/server-user.js';
import { createDataDir } from '../support/data-dir.js';
import { refusalOf } from '../support/local-service.js';
import { createPrivateCa, hasOpenssl, type PrivateCa, tlsSettings } from '../support/private-ca.js';
import { call, type RunningService, startService } from '../support/service.js';

describe('servers with TLS and a private certification authority (skipped where openssl is not installed)', () => {
  let folder: string;
  let ca: PrivateCa;
  const servers: EmbeddedServer[] = [];
  let postgresUrl: string;
  let redisUrl: string;
  before(async function () {
    if (!hasOpenssl()) this.skip();
    folder = await createDataDir('tls');
    ca = createPrivateCa(folder);
    const runAs = await serverUser();
    await chmod(ca.key, 0o600);
    const tlsPort = await freePort();
    const redis = await startRedis(folder, () => undefined, {
      settings: tlsSettings(ca, tlsPort),
    });
    servers.push(redis);
    // PostgreSQL reads the key as its own user, Redis has read it.
    if (runAs) await chown(ca.key, runAs.uid, runAs.gid);
    const postgres = await startPostgres(folder, () => undefined, {
      settings: ['ssl=on', `ssl_cert_file=${ca.certificate}`, `ssl_key_file=${ca.key}`],
    });
    servers.push(postgres);
    postgresUrl = postgres.url;
    const tls = new URL(redis.url);
    tls.protocol = 'rediss:';
    tls.port = String(tlsPort);
    redisUrl = tls.href;
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('work if the URL names the authority (sslrootcert) and NODE_EXTRA_CA_CERTS does for Redis', async () => {
    const service = await startService(
      { databaseUrl: `${postgresUrl}?sslmode=verify-full&sslrootcert=${ca.ca}`, redisUrl },
      { NODE_EXTRA_CA_CERTS: ca.ca, LOG_LEVEL: 'silent' },
    );
    await expectWorking(service);
  });

  it('work if NODE_EXTRA_CA_CERTS names the authority for both', async () => {
    const service = await startService(
      { databaseUrl: `${postgresUrl}?sslmode=verify-full`, redisUrl },
      { NODE_EXTRA_CA_CERTS: ca.ca, LOG_LEVEL: 'silent' },
    );
    await expectWorking(service);
  });

  it('end the start with one sentence if the authority is not trusted', async () => {
    expect(await refusal(`${postgresUrl}?sslmode=verify-full`)).to.match(
      /the database at 127\.0\.0\.1:\d+\/orders: the TLS connection to PostgreSQL failed: .*sslrootcert/,
    );
  });

  it('end the start with one sentence if the certificate is for another name, or a file is missing', async () => {
    const other = new URL(`${postgresUrl}?sslmode=verify-full&sslrootcert=${ca.ca}`);
    other.hostname = '127.0.0.2';
    expect(await refusal(other.href)).to.match(/TLS connection to PostgreSQL failed|cannot be reached/);
    expect(await refusal(`${postgresUrl}?sslmode=verify-full&sslrootcert=/nowhere.crt`)).to.match(/nowhere\.crt/);
  });

  const refusal = (databaseUrl: string) => refusalOf({ databaseUrl, redisUrl });

  async function expectWorking(service: RunningService): Promise<void> {
    try {
      const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
      const placed = await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
      expect(placed.status, placed.text).to.equal(201);
      expect((await call(service, 'GET', `/orders/${placed.body.order_id}`)).status).to.equal(200);
    } finally {
      await service.stop();
    }
  }
});
