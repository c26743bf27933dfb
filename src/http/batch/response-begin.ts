import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

/** Headers that a proxy adds to a request that it passes on. */
const headersOfProxies = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
] as const;

/**
 * Resolves once the response to a batch may begin: at once, unless a proxy has announced the length
 * of the batch. The response then begins when all of the batch has arrived, or when the batch has
 * ended early.
 *
 * nginx is such a proxy. It stops sending a request as soon as it has the headers of the response.
 * The rest of the lines would never arrive, and the batch would wait for them until its time limit.
 * A client that reads results before it sends further lines cannot announce a length, so its
 * response begins at once. Without further configuration nginx speaks HTTP/1.0 and adds none of
 * these headers, so a request of HTTP/1.0 counts as passed on by a proxy.
 * @param handled resolves once no further results follow.
 */
export async function responseMayBegin(
  request: Pick<IncomingMessage, 'headers' | 'httpVersion'> & Readable,
  handled: Promise<void>,
): Promise<void> {
  const { headers, httpVersion } = request;
  const isFromProxy = httpVersion === '1.0' || headersOfProxies.some((name) => headers[name] !== undefined);
  if (!isFromProxy || headers['content-length'] === undefined || request.readableEnded) return;
  const arrived = new Promise<void>((resolve) => {
    request.once('end', resolve);
    // The client or the proxy has disconnected.
    request.once('close', resolve);
  });
  await Promise.race([arrived, handled]);
}
