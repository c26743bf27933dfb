import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { webhookLimits as limits } from './limits.js';

/** The address may not be called, since it is not on the public internet. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** Resolves a name to all its addresses, as `lookup` of node:dns does. */
export type ResolveAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface PostResponse {
  readonly status: number;
  /** The header Retry-After, as it was sent: seconds or a date. */
  readonly retryAfter: string | undefined;
}

export interface SafePost {
  /**
   * Follows no redirect. Resolves with the status line and the headers; the body is dropped.
   * Rejects with AddressRefused, or with the error of the request.
   */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostResponse>;
  close(): void;
}

/**
 * Returns the reason why a URL is not accepted, or undefined if it is. It resolves no names: their
 * addresses are checked when they are called, see createSafePost.
 * @param allowPrivate also accepts http and addresses in private networks.
 */
export function addressProblem(text: string, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL';
  const { protocol, username, password, hostname, hash } = new URL(text);
  if (protocol !== 'https:' && !(allowPrivate && protocol === 'http:')) return 'must be an https URL';
  if (username !== '' || password !== '' || hash !== '') return 'must have no credentials and no fragment';
  const host = hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && ((isIP(host) !== 0 && !isPublic(host)) || /(^|\.)localhost\.?$/i.test(host))) {
    return 'must not be an address in a private network';
  }
  return undefined;
}

/**
 * Posts to URLs that strangers chose, and only to the public internet (OWASP, server-side request
 * forgery). A name is resolved once per connection and all its addresses are checked. The
 * connection goes to a checked address, so that a name cannot change its address in between (DNS
 * rebinding).
 * @param resolveAll resolves a name to all its addresses.
 */
export function createSafePost(allowPrivate: boolean, resolveAll: ResolveAll = dnsLookup): SafePost {
  const lookup: LookupFunction = (hostname, options, callback) => {
    resolveAll(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = allowPrivate ? undefined : addresses?.find(({ address }) => !isPublic(address));
      const [first] = addresses ?? [];
      if (error) callback(error, '', 0);
      else if (!first) callback(new AddressRefused(`${hostname} has no address`), '', 0);
      else if (refused) {
        callback(new AddressRefused(`${hostname} has the address ${refused.address}, which is not public`), '', 0);
      } else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  // Sockets per host have no limit of their own: several webhooks may share a host, and an attempt
  // that waited for a socket could time out unsent. The deliverer bounds the attempts in flight.
  const agentOptions = {
    keepAlive: true,
    maxFreeSockets: limits.maxInFlightPerWebhook,
    timeout: limits.idleConnectionMs,
  };
  const agents = { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) };

  return {
    post: (url, headers, body) =>
      new Promise((resolve, reject) => {
        const problem = addressProblem(url, allowPrivate);
        if (problem !== undefined) {
          reject(new AddressRefused(`the URL ${problem}`));
          return;
        }
        // The scheme may be in upper case, and spaces may surround a URL.
        const isHttps = new URL(url).protocol === 'https:';
        const request = (isHttps ? httpsRequest : httpRequest)(url, {
          method: 'POST',
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
          agent: isHttps ? agents.https : agents.http,
          lookup,
          signal: AbortSignal.timeout(limits.attemptTimeoutMs),
        });
        request.on('error', (error) =>
          reject(
            error.name === 'TimeoutError' || error.name === 'AbortError'
              ? new Error(`no response within ${limits.attemptTimeoutMs / 1000} s`)
              : error,
          ),
        );
        // Without this listener, a response with 101 would close the connection without an error.
        request.once('upgrade', (response, socket) => {
          resolve({ status: response.statusCode ?? 0, retryAfter: undefined });
          socket.destroy();
        });
        // Every attempt ends: one that did not would keep its delivery in flight for ever.
        request.once('close', () => reject(new Error('the connection was closed before a response arrived')));
        request.once('response', (response) => {
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
          // The receiver has decided with its status. A short body is read, so that the connection
          // can be used again; a long or endless one is cut by its size or by the signal's time.
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > limits.maxResponseBytes) response.destroy();
          });
          response.on('error', () => undefined);
        });
        request.end(body);
      }),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/**
 * The addresses that IANA has assigned to the public IPv6 internet. ipaddr.js calls all that is in
 * no special range `unicast`, such as ::7f00:1, an IPv4 address in a deprecated form.
 */
const publicIpv6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether an address is public: not loopback, private, link-local (cloud metadata) or the like. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return parsed.range() === 'unicast' && (parsed instanceof ipaddr.IPv4 || parsed.match(publicIpv6));
}
