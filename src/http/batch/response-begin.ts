import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

/** The headers by which a proxy says that it passes on a request of somebody else. */
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
 * nginx is such a proxy. It stops to send a request as soon as it has the headers of the response.
 * The rest of the lines would never arrive, and the batch would wait for them until its time limit.
 * A client that sends lines only after it has read results cannot announce a length, so it never
 * waits for this. nginx speaks HTTP/1.0 and adds no header unless its configuration says otherwise,
 * so a request of HTTP/1.0 counts as one of a proxy.
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
