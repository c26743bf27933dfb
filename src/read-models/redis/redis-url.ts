import type { RedisOptions } from 'ioredis';
import { hostUrls } from '../../environment.js';

/** The options of a connection, in the form that all kinds of clients take. */
export type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>;

/** A host and a port. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** The meaning of a URL of Redis. */
export type RedisAddress =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'sentinel'; readonly options: ConnectionOptions }
  | { readonly kind: 'cluster'; readonly nodes: readonly Address[]; readonly options: ConnectionOptions };

const sentinelPort = 26_379;
const serverPort = 6_379;

/**
 * Reads a URL:
 *
 * - `redis://user:password@host:port/db`: one server.
 * - `redis-sentinel://user:password@a:26379,b:26379/name?db=0&sentinelPassword=…`: the primary that
 *   the sentinels know under this name. User and password are those of Redis.
 * - `redis-cluster://user:password@a:6379,b:6379`: a cluster, of which these are some nodes.
 *
 * With `rediss` instead of `redis`, all connections use TLS.
 */
export function redisAddress(url: string): RedisAddress {
  const [, tls, kind] = /^redis(s?)-(sentinel|cluster):/.exec(url) ?? [];
  if (kind === undefined) return { kind: 'server', url };
  const urls = hostUrls(url).map((one) => new URL(one));
  const [first] = urls;
  if (!first) throw new Error('the URL of Redis names no host');
  const { username, password, pathname, searchParams } = first;
  const isTls = tls === 's';
  const access: ConnectionOptions = {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(isTls ? { tls: {} } : {}),
  };
  const addresses = (port: number) =>
    urls.map((one) => ({ host: one.hostname.replace(/^\[|\]$/g, ''), port: Number(one.port || port) }));
  if (kind === 'cluster') return { kind, nodes: addresses(serverPort), options: access };
  const name = decodeURIComponent(pathname.slice(1));
  if (name === '') throw new Error('a redis-sentinel URL ends with the name of the primary, such as /mymaster');
  const sentinelUser = searchParams.get('sentinelUsername');
  const sentinelPassword = searchParams.get('sentinelPassword');
  return {
    kind: 'sentinel',
    options: {
      ...access,
      sentinels: addresses(sentinelPort),
      name,
      db: Number(searchParams.get('db') ?? 0),
      ...(sentinelUser === null ? {} : { sentinelUsername: sentinelUser }),
      ...(sentinelPassword === null ? {} : { sentinelPassword }),
      ...(isTls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    },
  };
}
