import { isIPv4, isIPv6 } from 'node:net';
import type { Middleware } from 'koa';
import { ProblemError, problem } from '../contract/problems.js';

/** The headers that show where a browser sends a request, and which page made it do so. */
interface RequestOrigin {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
}

/**
 * Protects a service without access control from the browsers on its machine, which reach loopback
 * and send whatever a web site tells them to. Throws ProblemError for
 *
 * - a request to the name of a web site. A site can make its own name resolve to 127.0.0.1 (DNS
 *   rebinding): its page then has the same origin as the service, and may read all responses;
 * - a request that may change something, from a page of another origin (cross-site request
 *   forgery). If it has no body, the browser does not ask by CORS whether it may send it.
 *
 * With access control neither does harm: a page has no key or token to send.
 * @param origins the origins whose pages may call the API.
 */
export function rejectForeignRequests(origins: readonly string[]): Middleware {
  return (ctx, next) => {
    const reason = foreignReason(ctx.method, ctx.req.headers, origins);
    if (reason !== undefined) throw new ProblemError(problem('foreign-request', reason));
    return next();
  };
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Why a request is foreign, as a sentence. Undefined if it is not. */
export function foreignReason(
  method: string,
  { host, origin, 'sec-fetch-site': site }: RequestOrigin,
  origins: readonly string[],
): string | undefined {
  // Only HTTP/1.0 has no Host, and no browser speaks it.
  if (host !== undefined && mayBeWebSite(host)) {
    return 'Access control is off, so the Host must not be a name with dots: use localhost or an address.';
  }
  if (safeMethods.has(method) || (origin !== undefined && origins.includes(origin))) return undefined;
  // Browsers since 2023 send Sec-Fetch-Site, older ones only Origin, other clients neither.
  const isOwn =
    site === undefined
      ? origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
      : site === 'same-origin' || site === 'none';
  return isOwn ? undefined : 'Access control is off, so pages of other origins may change nothing.';
}

/**
 * Whether a Host header may be the name of a web site. A site cannot make an address lead
 * elsewhere. Nobody can register a name without dots, such as that of a container, nor one that
 * ends in `.localhost` or `.internal`.
 */
function mayBeWebSite(host: string): boolean {
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
  if (isIPv4(name) || /\.(localhost|internal)$/.test(name)) return false;
  return name.startsWith('[') ? !isIPv6(name.slice(1, -1)) : /[^a-z0-9_-]/.test(name);
}
