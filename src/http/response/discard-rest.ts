import type { IncomingMessage } from 'node:http';
import { httpLimits as limits } from '../limits.js';

/**
 * Discards what a client still sends of a request that has its response already. Without that the
 * connection would be reset, and a client that sends everything before it reads would never see the
 * response. A client that continues for too long is disconnected.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed || !hasBody(request)) return;
  // While an iterator waits for data, the request does not flow.
  request.removeAllListeners('readable');
  let discarded = 0;
  const end = () => {
    clearTimeout(timer);
    request.off('data', onData).off('end', end).off('close', end);
  };
  const give = () => {
    end();
    request.destroy();
  };
  const onData = (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > limits.maxDiscardedBytes) give();
  };
  const timer = setTimeout(give, limits.discardTimeoutMs);
  request.on('data', onData).on('end', end).on('close', end);
  request.resume();
}

/** Whether the headers of a request announce a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
