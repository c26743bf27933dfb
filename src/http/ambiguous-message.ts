import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Middleware } from 'koa';
import { ProblemError, problem } from './contract/problems.js';

/**
 * Headers of which a proxy may read another one than the service does, if a message has several.
 * Node keeps the first of each, in lower case here.
 */
const singleHeaders: ReadonlySet<string> = new Set(['host', 'authorization', 'content-type']);

/**
 * Throws ProblemError for messages that Node accepts and that a proxy could read in another way, or
 * that ask for what the service does not do. Node itself would respond without a problem to some of
 * them. The connection ends with the response.
 */
export function rejectAmbiguousMessages(): Middleware {
  return (ctx, next) => {
    const flaw = pathFlaw(ctx.path) ?? flawOf(ctx.req);
    if (!flaw) return next();
    ctx.res.shouldKeepAlive = false;
    throw new ProblemError(flaw);
  };
}

/** A target that is an absolute URL may lack a path: Koa then has null, unlike its type. */
function pathFlaw(path: string | null) {
  return path === null ? problem('malformed-request', 'The target of the request has no path.') : undefined;
}

function flawOf(request: IncomingMessage) {
  const { rawHeaders, headers } = request;
  const seen: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const { length } = rawHeaders[at] as string;
    // Most headers have another length, and are not compared.
    if (length !== 4 && length !== 12 && length !== 13) continue;
    const name = (rawHeaders[at] as string).toLowerCase();
    if (!singleHeaders.has(name)) continue;
    if (seen.includes(name)) return problem('malformed-request', `The message has more than one header ${name}.`);
    seen.push(name);
  }
  if (headers.host === undefined && request.httpVersionMinor >= 1) {
    return problem('malformed-request', 'The message has no header host, which HTTP/1.1 requires.');
  }
  if (headers.host !== undefined && !isHost(headers.host)) {
    return problem('malformed-request', 'The header host must be a name or an address, and may end with a port.');
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    return problem('malformed-request', 'Transfer-Encoding must be chunked.');
  }
  if (headers.expect !== undefined && headers.expect.trim().toLowerCase() !== '100-continue') {
    return problem('malformed-request', 'Expect must be 100-continue.');
  }
  return undefined;
}

/** An address in brackets, or a name as in RFC 3986, which may be empty; and perhaps a port. */
const hostForm = /^(?:\[([^\]]*)\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;

/** Whether a Host header has a valid value (RFC 9110, section 7.2). */
function isHost(host: string): boolean {
  const match = hostForm.exec(host);
  return match !== null && (match[1] === undefined || isIPv6(match[1]));
}
