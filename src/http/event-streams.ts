import { PassThrough } from 'node:stream';
import type { Context } from 'koa';
import { Overloaded } from '../event-log/overloaded.js';
import { httpLimits as limits } from './limits.js';

/** One reader of Server-Sent Events. */
export interface EventStream {
  /** Sends an event. A reader who does not keep up is dropped: nothing is buffered for it without bound. */
  send(event: string, data: string): void;
  /** Runs when the reader has gone, for whatever reason. */
  onClose(listener: () => void): void;
}

/** The Server-Sent Event streams (WHATWG HTML, 9.2) of this process: bounded in number, kept alive, ended with the service. */
export class EventStreams {
  readonly #open = new Set<PassThrough>();
  #heartbeats: NodeJS.Timeout | undefined;
  #closed = false;

  /** Answers a request with a stream. Throws Overloaded where there are as many as there may be. */
  open(ctx: Context): EventStream {
    if (this.#open.size >= limits.maxEventStreams) throw new Overloaded('event streams', limits.maxEventStreams);
    const stream = new PassThrough({ highWaterMark: limits.maxEventStreamBufferBytes });
    this.#open.add(stream);
    this.#heartbeats ??= setInterval(() => this.#beat(), limits.eventStreamHeartbeatMs);
    stream.once('close', () => {
      this.#open.delete(stream);
      if (this.#open.size > 0) return;
      clearInterval(this.#heartbeats);
      this.#heartbeats = undefined;
    });
    ctx.status = 200;
    ctx.type = 'text/event-stream';
    ctx.set('Cache-Control', 'no-store');
    // A proxy that collects answers before it passes them on would hold events back.
    ctx.set('X-Accel-Buffering', 'no');
    ctx.body = stream;
    stream.write(`retry: ${limits.eventStreamRetryMs}\n\n`);
    // Asked for while the service stops: the reader comes back, as those do whose streams were ended.
    if (this.#closed) stream.end();
    return {
      send: (event, data) => write(stream, `event: ${event}\ndata: ${data}\n\n`),
      onClose: (listener) => stream.once('close', listener),
    };
  }

  /** Ends all streams; their readers come back, to whoever then answers. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#open) stream.end();
  }

  #beat(): void {
    for (const stream of this.#open) write(stream, ':\n\n');
  }
}

function write(stream: PassThrough, text: string): void {
  if (stream.destroyed || stream.writableEnded) return;
  if (stream.writableNeedDrain) stream.destroy();
  else stream.write(text);
}
