import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/**
 * Finds the address of the client that sent a request. X-Forwarded-For is read from right to left,
 * up to the first address that is not a trusted proxy. Addresses further left may be forged by the
 * client and are ignored.
 */
export interface ClientAddresses {
  of(request: IncomingMessage): string;
  /** Whether the client uses TLS, according to a trusted proxy. */
  isSecure(request: IncomingMessage): boolean;
}

/**
 * Throws TypeError if a proxy is not valid.
 * @param trustedProxies addresses, CIDR ranges, or loopback, linklocal or uniquelocal.
 */
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
