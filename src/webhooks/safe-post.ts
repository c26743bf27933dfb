import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { webhookLimits as limits } from './limits.js';

/** The address may not be called: it would reach into a network that is not the internet. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** All addresses of a name, as node:dns gives them. */
export type ResolveAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface PostAnswer {
  readonly status: number;
  /** Seconds or a date, as it was sent. */
  readonly retryAfter: string | undefined;
}

export interface SafePost {
  /** Rejects with AddressRefused, or with what went wrong on the way. Follows no redirect. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<PostAnswer>;
  close(): void;
}

/**
 * Why an address is not taken at all; undefined where it is. Names are looked up when they are called, see createSafePost.
 * @param allowPrivate also takes http, and addresses of private networks: for a network of one's own.
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
 * Posts to addresses that strangers chose, and to nothing but the internet (OWASP, server-side request forgery): a name is
 * resolved once, every address that it has is checked, and the connection goes to exactly what was checked, so that a name
 * which changes its address in between gains nothing.
 * @param resolve looks a name up.
 */
export function createSafePost(allowPrivate: boolean, resolve: ResolveAll = dnsLookup): SafePost {
  const lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = allowPrivate ? undefined : addresses?.find(({ address }) => !isPublic(address));
      const [first] = addresses ?? [];
      if (error) callback(error, '', 0);
      else if (refused || !first) {
        callback(
          new AddressRefused(`${hostname} has the address ${refused?.address ?? 'of nobody'}, which is not public`),
          '',
          0,
        );
      } else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  const agentOptions = { keepAlive: true, maxSockets: limits.maxInFlightPerWebhook, timeout: 30_000 };
  const agents = { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) };

  return {
    post: (url, headers, body) =>
      new Promise((answered, reject) => {
        const problem = addressProblem(url, allowPrivate);
        if (problem !== undefined) {
          reject(new AddressRefused(`the address ${problem}`));
          return;
        }
        const isHttps = url.startsWith('https:');
        const request = (isHttps ? httpsRequest : httpRequest)(url, {
          method: 'POST',
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
          agent: isHttps ? agents.https : agents.http,
          lookup,
          signal: AbortSignal.timeout(limits.attemptTimeoutMs),
        });
        request.once('error', (error) =>
          reject(
            error.name === 'TimeoutError' || error.name === 'AbortError'
              ? new Error(`no answer within ${limits.attemptTimeoutMs / 1000} s`)
              : error,
          ),
        );
        request.once('response', (response) => {
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > limits.maxAnswerBytes) response.destroy();
          });
          response.once('error', () => undefined);
          response.once('close', () =>
            answered({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }),
          );
        });
        request.end(body);
      }),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Whether an address is one of the public internet: not loopback, private, link-local (cloud metadata), multicast, … */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}
