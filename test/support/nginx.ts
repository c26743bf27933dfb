import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createApiKey } from '../../src/access/api-keys.js';
import { freePort, startChild } from '../../src/embedded/child.js';
import { serverUser } from '../../src/embedded/server-user.js';
import { blocksRunBy } from './block-runs.js';
import { createDataDir } from './data-dir.js';
import { type LocalService, startLocalService } from './local-service.js';
import { createPrivateCa } from './private-ca.js';
import { eventually, type TestLog } from './servers.js';

/** Debian has it in a folder that is not on everybody's PATH. */
const program = ['nginx', '/usr/sbin/nginx'].find((path) => {
  try {
    execFileSync(path, ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

/** Whether nginx is installed. */
export function hasNginx(): boolean {
  return program !== undefined;
}

/** Two processes of the service behind nginx, which is configured as docs/access.md says. */
export interface BehindNginx {
  /** The address of nginx, such as https://127.0.0.1:4321. */
  readonly origin: string;
  /** The certificate to trust. */
  readonly ca: Buffer;
  readonly services: readonly RestartableService[];
  readonly log: TestLog;
  /** The header Authorization, with a key for all orders. The requests below have it. */
  readonly authorization: string;
  /** Sends a request to nginx, and reads whatever it responds. */
  fetch(request: Request): Promise<Response>;
  /** The same by path. `from` is the address of the client. */
  get(path: string, headers?: Record<string, string>, from?: string): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Like `get`, without a key. */
  getAnonymously(path: string, headers: Record<string, string>, from: string): Promise<Response>;
  stop(): Promise<void>;
}

export interface RestartableService {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The service at a port that stays the same after a restart. */
async function startRestartable(log: TestLog, env: Record<string, string>): Promise<RestartableService> {
  const port = String(await freePort());
  let running: LocalService | undefined;
  const service = {
    url: `http://127.0.0.1:${port}`,
    async start() {
      running = await startLocalService(log, {
        LOG_LEVEL: 'silent',
        // Behind a proxy, access control should be on.
        ORDERS_AUTH: 'required',
        ORDERS_TRUSTED_PROXIES: '127.0.0.1',
        ...env,
        PORT: port,
      });
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
  };
  await service.start();
  return service;
}

/** Starts two processes of the service, and nginx in front of them. */
export async function startBehindNginx(log: TestLog, env: Record<string, string> = {}): Promise<BehindNginx> {
  if (program === undefined) throw new Error('nginx is not installed');
  const folder = await createDataDir('nginx');
  const services = [await startRestartable(log, env), await startRestartable(log, env)];
  const { ca: caFile, certificate, key } = createPrivateCa(folder);
  const port = await freePort();
  const runAs = await serverUser();
  const replacements: [string, string][] = [
    ['443 ssl', `${port} ssl`],
    ...['127.0.0.1:3000', '127.0.0.1:3001'].map((address, nth): [string, string] => [
      address,
      new URL(services[nth]?.url ?? '').host,
    ]),
    ['/etc/ssl/orders.pem', certificate],
    ['/etc/ssl/orders.key', key],
  ];
  const documented = documentedConfiguration();
  for (const [text] of replacements) if (!documented.includes(text)) throw new Error(`docs/access.md lacks ${text}`);
  await writeFile(
    join(folder, 'orders.conf'),
    replacements.reduce((text, [from, to]) => text.replace(from, to), documented),
  );
  // Everything around the documented part is nginx's default, except for the places of its files.
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    join(folder, 'nginx.conf'),
    [
      'daemon off;',
      `pid ${join(folder, 'nginx.pid')};`,
      'events {}',
      'http {',
      'access_log off;',
      ...places.map((place) => `${place}_temp_path ${join(folder, place)};`),
      `include ${join(folder, 'orders.conf')};`,
      '}',
      '',
    ].join('\n'),
  );
  for (const place of places) await mkdir(join(folder, place));
  if (runAs) execFileSync('chown', ['-R', `${runAs.uid}:${runAs.gid}`, folder]);
  const child = startChild(program, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], { ...runAs });
  const origin = `https://127.0.0.1:${port}`;
  const ca = await readFile(caFile);
  const { key: secret } = await createApiKey(log.pool, {
    name: 'nginx',
    scopes: ['orders:read', 'orders:write', 'metrics:read'],
    expiresAt: null,
  });
  const authorization = `Bearer ${secret}`;
  const sendAnonymously = fetchThrough(ca);
  const send = (request: Request, from?: string) => {
    request.headers.set('authorization', authorization);
    return sendAnonymously(request, from);
  };
  const rig: BehindNginx = {
    origin,
    ca,
    services,
    log,
    authorization,
    fetch: (request) => send(request),
    get: (path, headers = {}, from) => send(new Request(origin + path, { headers }), from),
    post: (path, body, headers = {}) =>
      send(
        new Request(origin + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
    getAnonymously: (path, headers, from) => sendAnonymously(new Request(origin + path, { headers }), from),
    async stop() {
      await child.stop('SIGTERM');
      for (const service of services) await service.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  let hasEnded = false;
  void child.ended.then(() => {
    hasEnded = true;
  });
  try {
    await eventually('nginx to start', async () => {
      if (hasEnded) throw new Error(`nginx has ended: ${child.output()}`);
      return (await rig.get('/health/live').catch(() => undefined))?.status === 200;
    });
  } catch (error) {
    await rig.stop();
    throw error;
  }
  return rig;
}

/** The configuration in docs/access.md. */
function documentedConfiguration(): string {
  const [block] = blocksRunBy('test/support/nginx.ts', 'docs/access.md');
  if (block === undefined) throw new Error('docs/access.md has no configuration of nginx');
  return block.code;
}

/**
 * A `fetch` that trusts one more certificate, for which Node's own has no option. Bodies of
 * responses stay compressed.
 */
function fetchThrough(ca: Buffer): (request: Request, from?: string) => Promise<Response> {
  return async (request, from) => {
    const body = request.body === null ? undefined : await buffer(request.body);
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(
        request.url,
        {
          method: request.method,
          headers: Object.fromEntries(request.headers),
          ca,
          // The name in the certificate, whatever the header Host says.
          servername: 'localhost',
          agent: false,
          signal: request.signal,
          ...(from === undefined ? {} : { localAddress: from }),
        },
        (message) => {
          const status = message.statusCode ?? 0;
          const headers = Object.entries(message.headers).flatMap(([name, value]): [string, string][] =>
            value === undefined ? [] : [[name, String(value)]],
          );
          const hasBody = status !== 204 && status !== 304;
          if (!hasBody) message.resume();
          resolve(new Response(hasBody ? message : null, { status, headers }));
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  };
}
