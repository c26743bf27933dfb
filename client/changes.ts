import { authorization, type ClientOptions, globalFetch } from './orders-client.js';
import { pause, type Send } from './retries.js';
import type { components } from './schema.js';
import { defaultSilenceMs, messagesOf, unlessSilent } from './server-sent-events.js';

export type Change = components['schemas']['Change'];

/** A message of `GET /orders/stream`. */
export type StreamMessage =
  /** An event of an order. `id` resumes the stream after it. */
  | { readonly type: 'change'; readonly id: string; readonly change: Change }
  /** The stream continues, but changes were missed or lost: read the orders again. */
  | { readonly type: 'reset'; readonly id: string | undefined; readonly problem: components['schemas']['Problem'] };

export interface StreamOptions extends Pick<ClientOptions, 'key' | 'fetch'> {
  /** Only changes of this order. */
  readonly orderId?: string;
  /** Only changes of the orders of this user. */
  readonly userId?: string;
  /** The id of the last message that was handled. Default: the stream begins now. */
  readonly lastEventId?: string;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
  /**
   * After how long without a byte the connection counts as broken, in milliseconds. The service
   * sends something every 15 s. The time in which a message is handled does not count. Default:
   * 45,000.
   */
  readonly silenceMs?: number;
}

const reconnectMs = 1_000;
const maxReconnectMs = 30_000;

/**
 * Yields the changes of orders as they become visible, for as long as it is read. A connection that
 * is broken or silent is opened again after the last message, so that no change is missed and none
 * is repeated. Throws if the service refuses the stream (status 4xx other than 408 and 429).
 */
export async function* readChanges(baseUrl: string, options: StreamOptions = {}): AsyncGenerator<StreamMessage> {
  const { signal, fetch: send = globalFetch, silenceMs = defaultSilenceMs } = options;
  let { lastEventId } = options;
  let retryMs = reconnectMs;
  let failures = 0;
  while (!signal?.aborted) {
    const broken = new AbortController();
    try {
      const until = signal ? AbortSignal.any([signal, broken.signal]) : broken.signal;
      const request = await requestOf(baseUrl, { ...options, signal: until }, lastEventId);
      const response = await unlessSilent(acceptedBy(send, request), silenceMs);
      if (!response.body) return;
      for await (const message of messagesOf(response.body, silenceMs)) {
        failures = 0;
        if (message.retryMs !== undefined) retryMs = message.retryMs;
        lastEventId = message.id ?? lastEventId;
        if (message.data === undefined) continue;
        if (message.event === 'reset') yield { type: 'reset', id: lastEventId, problem: JSON.parse(message.data) };
        else if (message.event === undefined)
          yield { type: 'change', id: lastEventId ?? '', change: JSON.parse(message.data) };
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof StreamRefused) throw error;
      failures += 1;
    } finally {
      broken.abort();
    }
    const waitMs = Math.min(maxReconnectMs, retryMs * 2 ** Math.max(0, failures - 1));
    await pause(waitMs, signal).catch(() => undefined);
  }
}

/** The service does not accept the stream: another attempt would not help. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
  readonly status: number;

  constructor(status: number, body: string) {
    super(`GET /orders/stream: ${status} ${body}`);
    this.status = status;
  }
}

async function acceptedBy(send: Send, request: Request): Promise<Response> {
  const response = await send(request);
  if (response.ok) return response;
  const { status } = response;
  if (status < 500 && status !== 408 && status !== 429) throw new StreamRefused(status, await response.text());
  await response.body?.cancel();
  throw new Error(`GET /orders/stream: ${status}`);
}

async function requestOf(baseUrl: string, options: StreamOptions, lastEventId: string | undefined): Promise<Request> {
  const { key, orderId, userId, signal } = options;
  const url = new URL('/orders/stream', baseUrl);
  if (orderId !== undefined) url.searchParams.set('order_id', orderId);
  if (userId !== undefined) url.searchParams.set('user_id', userId);
  return new Request(url, {
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      ...(await authorization(key)),
    },
    ...(signal ? { signal } : {}),
  });
}
