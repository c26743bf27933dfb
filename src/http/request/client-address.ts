import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/**
 * Where a request comes from. X-Forwarded-For is believed from right to left, and only as far as the addresses are those of
 * proxies that were named: what a client writes into it itself is never reached.
 */
export interface ClientAddresses {
  of(request: IncomingMessage): string;
  /** Whether the client reached a trusted proxy by TLS. */
  isSecure(request: IncomingMessage): boolean;
}

/** @param trustedProxies addresses, CIDR ranges, or proxy-addr's names: loopback, linklocal, uniquelocal. Throws TypeError on others. */
export function createClientAddresses(trustedProxies: readonly string[]): ClientAddresses {
  const trusts = proxyAddr.compile([...trustedProxies]);
  return {
    of: (request) => (request.socket.remoteAddress === undefined ? 'unknown' : proxyAddr(request, trusts)),
    isSecure: (request) => {
      const { remoteAddress } = request.socket;
      if (remoteAddress === undefined || !trusts(remoteAddress, 0)) return false;
      return (
        String(request.headers['x-forwarded-proto'] ?? '')
          .split(',')
          .at(-1)
          ?.trim() === 'https'
      );
    },
  };
}
