import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Context } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import { authorityLost } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { AuthorityWatch } from '../request/authority.js';
import { ownerOf } from '../request/request-budgets.js';
import { requestContext } from '../request/request-context.js';
import { onceClosed } from './once-closed.js';

/** One message of a stream. */
export interface StreamMessage {
  readonly event?: string;
  /** The Last-Event-ID that the reader sends when it reconnects. */
  readonly id?: string;
  /** Contains no line breaks. From a message without data the reader only stores the id. */
  readonly data?: string;
}

/** The stream of one reader of Server-Sent Events. */
export interface EventStream {
  /** Sends a message. If the reader's buffer is full, the reader is disconnected. */
  send(message: StreamMessage): void;
  /**
   * Sends a message once the reader's buffer has room. If that takes longer than
   * `eventStreamStallMs`, the reader is disconnected.
   */
  sendWhenRoom(message: StreamMessage): Promise<void>;
  /** Aborts when the connection has ended. */
  readonly closed: AbortSignal;
  /** Ends the stream. The reader then reconnects. */
  end(): void;
}

/**
 * The Server-Sent Event streams (WHATWG HTML, 9.2) of this process. Their number is limited,
 * heartbeats keep them alive, and they end when the service stops or when their reader's key or
 * token is no longer valid.
 */
export class EventStreams {
  readonly #open = new Set<PassThrough>();
  /** Open streams by owner. */
  readonly #owned = new Map<string, number>();
  #heartbeats: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #authority: AuthorityWatch;

  constructor(authority = new AuthorityWatch()) {
    this.#authority = authority;
  }

  /** The number of open streams. */
  get size(): number {
    return this.#open.size;
  }

  /** Responds to a request with a stream. Throws Overloaded if the limit of streams is reached. */
  open(ctx: Context): EventStream {
    if (this.#open.size >= limits.maxEventStreams) throw new Overloaded('event streams', limits.maxEventStreams);
    const owner = ownerOf(ctx);
    const maxOwn = limits.maxEventStreams * limits.maxStreamShare;
    const own = (this.#owned.get(owner) ?? 0) + 1;
    if (own > maxOwn) throw new Overloaded('event streams of one caller', maxOwn);
    this.#owned.set(owner, own);
    const stream = new PassThrough({ highWaterMark: limits.maxEventStreamBufferBytes });
    const closed = new AbortController();
    this.#open.add(stream);
    this.#heartbeats ??= setInterval(() => this.#sendHeartbeats(), limits.eventStreamHeartbeatMs);
    const { caller } = requestContext(ctx);
    const unwatch = caller && this.#authority.watch(caller, () => endWithoutAuthority(stream));
    stream.once('close', () => {
      unwatch?.();
      closed.abort();
      this.#open.delete(stream);
      const left = (this.#owned.get(owner) ?? 1) - 1;
      if (left === 0) this.#owned.delete(owner);
      else this.#owned.set(owner, left);
      if (this.#open.size > 0) return;
      clearInterval(this.#heartbeats);
      this.#heartbeats = undefined;
    });
    // Koa destroys the body of a closed connection only at the next write.
    onceClosed(ctx, () => stream.destroy());
    ctx.status = 200;
    ctx.type = 'text/event-stream';
    ctx.set('Cache-Control', 'no-store, no-transform');
    // Tells nginx and others not to buffer the response, which would delay events.
    ctx.set('X-Accel-Buffering', 'no');
    ctx.body = stream;
    // The first write sends the headers, so the reader knows at once that it is connected.
    stream.write(`retry: ${limits.eventStreamRetryMs}\n\n`);
    // The service is stopping: the reader reconnects to another process.
    if (this.#closed) end(stream);
    return {
      send: (message) => write(stream, textOf(message)),
      sendWhenRoom: (message) => writeWhenRoom(stream, textOf(message), closed.signal),
      closed: closed.signal,
      end: () => end(stream),
    };
  }

  /** Ends all streams. Their readers reconnect at random times, to the processes that then run. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#open) end(stream);
  }

  #sendHeartbeats(): void {
    for (const stream of this.#open) write(stream, ':\n\n');
  }
}

function textOf({ event, id, data }: StreamMessage): string {
  const fields = Object.entries({ event, id, data }).filter(([, value]) => value !== undefined);
  return `${fields.map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n`;
}

function write(stream: PassThrough, text: string): void {
  if (stream.destroyed || stream.writableEnded) return;
  if (stream.writableNeedDrain) stream.destroy();
  else stream.write(text);
}

async function writeWhenRoom(stream: PassThrough, text: string, closed: AbortSignal): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return;
  if (stream.writableNeedDrain) {
    const stalled = AbortSignal.timeout(limits.eventStreamStallMs);
    try {
      await once(stream, 'drain', { signal: AbortSignal.any([closed, stalled]) });
    } catch {
      stream.destroy();
      return;
    }
  }
  if (!stream.destroyed && !stream.writableEnded) stream.write(text);
}

/**
 * Ends a stream. The time until the reader reconnects is random, so that not all reconnect at once.
 */
function end(stream: PassThrough): void {
  if (stream.destroyed || stream.writableEnded) return;
  const retryMs = limits.eventStreamRetryMs * (0.5 + 2 * Math.random());
  stream.end(`retry: ${Math.round(retryMs)}\n\n`);
}

/** Ends a stream with a message that says why. A reader that reconnects gets 401. */
function endWithoutAuthority(stream: PassThrough): void {
  write(stream, textOf({ event: 'problem', data: JSON.stringify(authorityLost()) }));
  end(stream);
}
