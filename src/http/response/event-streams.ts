import type { Context } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import { authorityLost } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { AuthorityWatch } from '../request/authority.js';
import { ownerOf, requestBudgets } from '../request/request-budgets.js';
import { requestContext } from '../request/request-context.js';
import { resetConnection } from '../reset-connection.js';
import { Tally } from '../tally.js';
import { EventWriter, type StreamMessage, textOf } from './event-writer.js';
import { HeldTexts } from './held-texts.js';
import { onceClosed } from './once-closed.js';

/** The stream of one reader of Server-Sent Events. */
export interface EventStream {
  /** Sends a message. If the reader's buffer is full, the reader is disconnected. */
  send(message: StreamMessage): void;
  /**
   * Sends a message once the reader's buffer has room. If that takes longer than
   * `eventStreamStallMs`, the reader is disconnected.
   */
  sendWhenRoom(message: StreamMessage): Promise<void>;
  /**
   * Counts long texts that are to be sent, until the returned function is called. If too many bytes
   * wait for readers, the reader may be disconnected.
   */
  hold(texts: readonly (string | Buffer)[]): () => void;
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
  readonly #open = new Set<EventWriter>();
  readonly #held = new HeldTexts();
  /** Open streams by owner. */
  readonly #owned = new Tally();
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
    if (this.#owned.of(owner) + 1 > maxOwn) throw new Overloaded('event streams of one caller', maxOwn);
    this.#owned.add(owner, 1);
    const writer = new EventWriter();
    const { unsentResponses } = requestBudgets(ctx);
    this.#open.add(writer);
    this.#heartbeats ??= setInterval(() => this.#sendHeartbeats(), limits.eventStreamHeartbeatMs);
    const { caller } = requestContext(ctx);
    const unwatch = caller && this.#authority.watch(caller, () => endWithoutAuthority(writer));
    writer.body.once('close', () => {
      // The reader has not taken its messages in time. The response to HEAD has no body to take.
      if (!writer.body.writableFinished && ctx.method !== 'HEAD') resetConnection(ctx.req.socket);
      unwatch?.();
      this.#open.delete(writer);
      this.#owned.add(owner, -1);
      if (this.#open.size > 0) return;
      clearInterval(this.#heartbeats);
      this.#heartbeats = undefined;
    });
    // Koa destroys the body of a closed connection only at the next write.
    onceClosed(ctx, () => writer.destroy());
    ctx.status = 200;
    ctx.type = 'text/event-stream';
    ctx.set('Cache-Control', 'no-store, no-transform');
    // Tells nginx and others not to buffer the response, which would delay events.
    ctx.set('X-Accel-Buffering', 'no');
    ctx.body = writer.body;
    // The first write sends the headers, so the reader knows at once that it is connected.
    writer.send(`retry: ${limits.eventStreamRetryMs}\n\n`);
    // The service is stopping: the reader reconnects to another process.
    if (this.#closed) end(writer);
    return {
      send: (message) => writer.send(textOf(message)),
      sendWhenRoom: (message) => writer.sendWhenRoom(message),
      hold: (texts) => {
        const long = texts.filter((text) => typeof text === 'object');
        return long.length === 0 ? nothing : this.#held.hold(unsentResponses, owner, long, () => writer.destroy());
      },
      closed: writer.closed,
      end: () => end(writer),
    };
  }

  /** Ends all streams. Their readers reconnect at random times, to the processes that then run. */
  close(): void {
    this.#closed = true;
    for (const writer of this.#open) end(writer);
  }

  #sendHeartbeats(): void {
    for (const writer of this.#open) writer.sendHeartbeat();
  }
}

const nothing = (): void => undefined;

/**
 * Ends a stream. The time until the reader reconnects is random, so that not all reconnect at once.
 */
function end(writer: EventWriter): void {
  const retryMs = limits.eventStreamRetryMs * (0.5 + 2 * Math.random());
  writer.end(`retry: ${Math.round(retryMs)}\n\n`);
}

/** Ends a stream with a message that says why. A reader that reconnects gets 401. */
function endWithoutAuthority(writer: EventWriter): void {
  writer.send(textOf({ event: 'problem', data: JSON.stringify(authorityLost()) }));
  end(writer);
}
