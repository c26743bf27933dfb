import { Redis as RedisServer } from 'ioredis';
import type { RedisAddress } from './redis-url.js';

type SentinelAddress = Extract<RedisAddress, { kind: 'sentinel' }>;

/** Milliseconds that a sentinel has to respond in when it is asked why it does not work. */
const askTimeoutMs = 2_000;

/** Whether an error says that no sentinel works. The client does not keep the reason. */
export function isSentinelFailure({ message }: Error): boolean {
  return message.startsWith('All sentinels are unreachable');
}

/** Asks each sentinel, and describes why it does not work. Never rejects. */
export async function explainSentinels({ options }: SentinelAddress): Promise<Error> {
  const reasons = await Promise.all(
    (options.sentinels ?? []).map(async ({ host, port }) => {
      const redis = new RedisServer({
        host: host ?? '127.0.0.1',
        port: port ?? 0,
        username: options.sentinelUsername ?? '',
        password: options.sentinelPassword ?? '',
        ...(options.sentinelTLS ? { tls: options.sentinelTLS } : {}),
        connectTimeout: askTimeoutMs,
        commandTimeout: askTimeoutMs,
        retryStrategy: () => null,
        lazyConnect: true,
        enableReadyCheck: false,
      });
      let reason: Error | undefined;
      redis.on('error', (error: Error) => {
        reason ??= error;
      });
      const reply = await redis
        .connect()
        .then(() => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', options.name ?? ''))
        .catch((error: Error) => reason ?? error);
      redis.disconnect();
      if (reply instanceof Error) return `${host}:${port}: ${reply.message}`;
      return reply === null ? `${host}:${port} knows no primary named ${options.name}` : `${host}:${port} responds now`;
    }),
  );
  return new Error(`no sentinel leads to the primary: ${reasons.join('; ')}`);
}
