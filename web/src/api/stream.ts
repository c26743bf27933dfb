import { useEffect, useRef } from 'preact/hooks';
import { defaultSilenceMs, messagesOf, unlessSilent } from '../../../client/server-sent-events.js';
import { addCredential, ProblemError, problemOf, send } from './client.js';
import { credential } from './session.js';

export interface StreamMessage {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: string;
}

const reconnectMs = 2_000;

/**
 * Follows Server-Sent Events until the signal is aborted. It reads the stream itself: an
 * EventSource cannot send a key. After a break it continues with the last id.
 * @param onState called with whether the stream is connected
 */
async function follow(
  path: string,
  signal: AbortSignal,
  onMessage: (message: StreamMessage) => void,
  onState: (isConnected: boolean) => void,
): Promise<void> {
  let lastId: string | undefined;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal.addEventListener('abort', abort);
    try {
      const headers = addCredential(new Headers({ accept: 'text/event-stream' }));
      if (lastId !== undefined) headers.set('last-event-id', lastId);
      // The stream waits for the data that the page shows first.
      const request = new Request(path, { headers, signal: attempt.signal, priority: 'low' });
      const body = await unlessSilent(acceptedBody(request), defaultSilenceMs);
      onState(true);
      for await (const { event = 'message', id, data } of messagesOf(body, defaultSilenceMs)) {
        // A message without data says where the stream resumes.
        lastId = id ?? lastId;
        if (data !== undefined) onMessage({ event, id, data });
      }
    } catch {
      // An unreachable or silent service is handled like a stream that ended.
    } finally {
      signal.removeEventListener('abort', abort);
      attempt.abort();
    }
    if (signal.aborted) return;
    onState(false);
    await new Promise((resolve) => setTimeout(resolve, reconnectMs));
  }
}

/** Sends a request for a stream. Rejects with ProblemError if it is refused. */
async function acceptedBody(request: Request): Promise<ReadableStream<Uint8Array>> {
  const response = await send(request);
  if (response.ok && response.body) return response.body;
  throw new ProblemError(problemOf(await response.json().catch(() => undefined), response.status));
}

/**
 * Follows a stream while the component is shown.
 * @param path undefined: nothing is followed
 */
export function useStream(
  path: string | undefined,
  onMessage: (message: StreamMessage) => void,
  onState: (isConnected: boolean) => void = () => undefined,
): void {
  const latest = useRef({ onMessage, onState });
  latest.current = { onMessage, onState };
  const credentialNow = credential.value;
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    void follow(
      path,
      abort.signal,
      (message) => latest.current.onMessage(message),
      (isConnected) => latest.current.onState(isConnected),
    );
    return () => abort.abort();
  }, [path, credentialNow]);
}
