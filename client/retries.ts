/** Sends a request: `fetch`, or something that behaves like it. */
export type Send = (request: Request) => Promise<Response>;

export interface RetryOptions {
  /** How often a request is sent at most. Default: 5. */
  readonly attempts?: number;
  /** The longest wait before an attempt, in milliseconds. Default: 30,000. */
  readonly maxWaitMs?: number;
}

const firstWaitMs = 200;
const defaultMaxWaitMs = 30_000;
/** Statuses after which the same request may succeed. */
export const temporaryStatuses: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Repeats requests that failed temporarily: the connection broke, or the status is 408, 429, 502,
 * 503 or 504. Only requests that may be done twice are repeated: queries, and commands with an
 * Idempotency-Key. `Retry-After` is respected; if it asks for more than `maxWaitMs`, the response
 * is returned. Otherwise the waits double from 200 ms, with jitter ("equal jitter" in Marc Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function withRetries(send: Send, { attempts = 5, maxWaitMs = defaultMaxWaitMs }: RetryOptions = {}): Send {
  return async (request) => {
    const mayRepeat = safeMethods.has(request.method) || request.headers.has('idempotency-key');
    for (let attempt = 1; ; attempt += 1) {
      const isLast = !mayRepeat || attempt >= attempts;
      let waitMs = backoffMs(attempt, maxWaitMs);
      try {
        const response = await send(isLast ? request : request.clone());
        if (isLast || !temporaryStatuses.has(response.status)) return response;
        waitMs = retryAfterMs(response) ?? waitMs;
        if (waitMs > maxWaitMs) return response;
        await response.body?.cancel();
      } catch (error) {
        if (isLast || request.signal.aborted) throw error;
      }
      await pause(waitMs, request.signal);
    }
  };
}

/** The wait after an attempt, from 1: it doubles, with jitter. */
export function backoffMs(attempt: number, maxWaitMs: number = defaultMaxWaitMs): number {
  return Math.min(maxWaitMs, firstWaitMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

/** The value of Retry-After, in milliseconds: it is in seconds, or a date. */
function retryAfterMs(response: Response): number | undefined {
  const text = response.headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Resolves after a time. Rejects with the signal's reason if it is aborted before. */
export function pause(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
