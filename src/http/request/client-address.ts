import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';
import type { CountedAddresses } from '../connection-counts.js';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';

/** The parts of a request that name its client. */
export interface AddressedRequest {
  readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'>;
  readonly headers: IncomingMessage['headers'];
}

/**
 * Finds the address of the client that sent a request. X-Forwarded-For is read from right to left,
 * up to the first address that is not a trusted proxy. Addresses further left may be forged by the
 * client and are ignored.
 */
export interface ClientAddresses extends CountedAddresses {
  /**
   * The address, in the one form under which its requests are counted: an IPv4 address, or the
   * network of an IPv6 address, since one client has all addresses of a network. Throws
   * ProblemError if the entry of a trusted proxy is not an address.
   */
  of(request: AddressedRequest): string;
  /** Whether the client uses TLS, according to a trusted proxy. */
  isSecure(request: AddressedRequest): boolean;
}

/** Bits of an IPv6 address that name a client's network, unless configured otherwise. */
export const defaultIpv6PrefixLength = 64;

/**
 * Throws TypeError if a proxy is not valid.
 * @param trustedProxies addresses, CIDR ranges, or loopback, linklocal or uniquelocal.
 * @param ipv6PrefixLength bits of an IPv6 address that name a client's network.
 */
export function createClientAddresses(
  trustedProxies: readonly string[],
  ipv6PrefixLength: number = defaultIpv6PrefixLength,
): ClientAddresses {
  const trusts = proxyAddr.compile([...trustedProxies]);
  /** By address as it was given. */
  const remembered = new Map<string, string>();

  function counted(address: string): string {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    if (remembered.size >= limits.maxRememberedAddresses) remembered.clear();
    const form = countedForm(address, ipv6PrefixLength);
    remembered.set(address, form);
    return form;
  }

  return {
    of(request) {
      let client = request.socket.remoteAddress;
      if (client === undefined) return 'unknown';
      const forwarded = request.headers['x-forwarded-for'];
      if (forwarded === undefined || !trusts(client, 0)) return counted(client);
      const hops = String(forwarded).split(',');
      for (let nth = 1; nth <= hops.length; nth += 1) {
        const text = hops[hops.length - nth]?.trim() ?? '';
        if (text === '') continue;
        client = addressOf(text);
        if (client === undefined) throw invalidForwarded(text);
        if (!trusts(client, nth)) break;
      }
      return counted(client);
    },
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
    isProxy: (address) => trusts(address, 0),
    countedForm: counted,
  };
}

/**
 * The address in one entry of X-Forwarded-For: proxies write it with or without port and brackets.
 */
function addressOf(entry: string): string | undefined {
  const text = entry.replace(/^"(.*)"$/, '$1');
  const [, address = text] = /^\[(.+)\](?::\d{1,5})?$/.exec(text) ?? /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(text) ?? [];
  const withoutZone = address.replace(/%.*$/, '');
  return isIP(withoutZone) === 0 ? undefined : withoutZone;
}

function invalidForwarded(entry: string): ProblemError {
  return new ProblemError(
    problem('invalid-header', `X-Forwarded-For must hold IP addresses, not "${entry.slice(0, 50)}".`),
  );
}

function countedForm(address: string, ipv6PrefixLength: number): string {
  const withoutZone = address.replace(/%.*$/, '');
  if (isIP(withoutZone) === 0) return address;
  // An IPv4 address that is mapped into IPv6 becomes IPv4.
  const parsed = ipaddr.process(withoutZone);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${withoutZone}/${ipv6PrefixLength}`)}/${ipv6PrefixLength}`;
}
