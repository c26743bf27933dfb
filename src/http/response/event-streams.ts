import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Context } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import { httpLimits as limits } from '../limits.js';

/** A message of a stream. */
export interface StreamMessage {
  readonly event?: string;
  /** What the reader sends as Last-Event-ID when it comes back. */
  readonly id?: string;
  /** Without line breaks. Without data the reader only remembers the id. */
  readonly data?: string;
}

/** One reader of Server-Sent Events. */
export interface EventStream {
  /** Sends a message. A reader who does not keep up is dropped: nothing is buffered for it without bound. */
  send(message: StreamMessage): void;
  /** Sends a message once there is room for it. A reader who makes none for too long is dropped. */
  sendWhenRoom(message: StreamMessage): Promise<void>;
  /** Aborts when the reader has gone, for whatever reason. */
  readonly closed: AbortSignal;
  /** Ends the stream; the reader comes back. */
  end(): void;
}

/** The Server-Sent Event streams (WHATWG HTML, 9.2) of this process: bounded in number, kept alive, ended with the service. */
export class EventStreams {
  readonly #open = new Set<PassThrough>();
  #heartbeats: NodeJS.Timeout | undefined;
  #closed = false;

  /** How many readers there are. */
  get size(): number {
    return this.#open.size;
  }

  /** Answers a request with a stream. Throws Overloaded where there are as many as there may be. */
  open(ctx: Context): EventStream {
    if (this.#open.size >= limits.maxEventStreams) throw new Overloaded('event streams', limits.maxEventStreams);
    const stream = new PassThrough({ highWaterMark: limits.maxEventStreamBufferBytes });
    const closed = new AbortController();
    this.#open.add(stream);
    this.#heartbeats ??= setInterval(() => this.#beat(), limits.eventStreamHeartbeatMs);
    stream.once('close', () => {
      closed.abort();
      this.#open.delete(stream);
      if (this.#open.size > 0) return;
      clearInterval(this.#heartbeats);
      this.#heartbeats = undefined;
    });
    // Koa destroys a body whose reader has gone only once it is written to.
    ctx.res.once('close', () => stream.destroy());
    ctx.status = 200;
    ctx.type = 'text/event-stream';
    ctx.set('Cache-Control', 'no-store, no-transform');
    // A proxy that collects answers before it passes them on would hold events back.
    ctx.set('X-Accel-Buffering', 'no');
    ctx.body = stream;
    // The headers go out with it: a reader knows at once that it is connected.
    stream.write(`retry: ${limits.eventStreamRetryMs}\n\n`);
    // Asked for while the service stops: the reader comes back, as those do whose streams were ended.
    if (this.#closed) end(stream);
    return {
      send: (message) => write(stream, textOf(message)),
      sendWhenRoom: (message) => writeWhenRoom(stream, textOf(message), closed.signal),
      closed: closed.signal,
      end: () => end(stream),
    };
  }

  /** Ends all streams; their readers come back, not all at once, to whoever then answers. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#open) end(stream);
  }

  #beat(): void {
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
    const late = AbortSignal.timeout(limits.eventStreamStallMs);
    try {
      await once(stream, 'drain', { signal: AbortSignal.any([closed, late]) });
    } catch {
      stream.destroy();
      return;
    }
  }
  if (!stream.destroyed && !stream.writableEnded) stream.write(text);
}

/** Tells the reader when to come back: at random, so that not all of them do at the same moment. */
function end(stream: PassThrough): void {
  if (stream.destroyed || stream.writableEnded) return;
  const spread = limits.eventStreamRetryMs * (0.5 + 2 * Math.random());
  stream.end(`retry: ${Math.round(spread)}\n\n`);
}
