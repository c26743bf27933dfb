import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { httpLimits as limits } from '../limits.js';

/** One message of a stream. */
export interface StreamMessage {
  readonly event?: string;
  /** The Last-Event-ID that the reader sends when it reconnects. */
  readonly id?: string;
  /**
   * Contains no line breaks. From a message without data the reader only stores the id. The bytes
   * of a long text are shared by all readers, and sent in pieces.
   */
  readonly data?: string | Buffer;
}

/** Writes the messages of one reader, who may be slow. */
export class EventWriter {
  /** The body of the response. */
  readonly body = new PassThrough({ highWaterMark: limits.maxEventStreamBufferBytes });
  readonly #closed = new AbortController();
  /** Whether a message is sent in pieces: nothing else may come between them. */
  #isInMessage = false;

  constructor() {
    this.body.once('close', () => this.#closed.abort());
  }

  /** Aborts when the connection has ended. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Sends a short text at once. If the reader's buffer is full, the reader is disconnected. */
  send(text: string): void {
    if (this.#isOver) return;
    if (this.body.writableNeedDrain || this.#isInMessage) this.destroy();
    else this.body.write(text);
  }

  /** Sends a comment, so that proxies do not close the connection as idle. */
  sendHeartbeat(): void {
    if (!this.#isInMessage) this.send(':\n\n');
  }

  /**
   * Sends a message piece by piece, each once the reader's buffer has room. If that takes longer
   * than `eventStreamStallMs`, the reader is disconnected.
   */
  async sendWhenRoom(message: StreamMessage): Promise<void> {
    const { data } = message;
    if (typeof data !== 'object') return this.#writeWhenRoom(textOf(message));
    this.#isInMessage = true;
    await this.#writeWhenRoom(`${textOf({ ...message, data: '' }).slice(0, -2)}`);
    for (let at = 0; at < data.length && !this.#isOver; at += limits.responsePieceBytes) {
      await this.#writeWhenRoom(data.subarray(at, at + limits.responsePieceBytes));
    }
    await this.#writeWhenRoom('\n\n');
    this.#isInMessage = false;
  }

  /**
   * Ends the stream with a last text. In the middle of a message it ends the connection: the reader
   * drops the incomplete message, and gets it again when it reconnects.
   */
  end(text: string): void {
    if (this.#isOver) return;
    if (this.#isInMessage) this.destroy();
    else this.body.end(text);
  }

  destroy(): void {
    this.body.destroy();
  }

  get #isOver(): boolean {
    return this.body.destroyed || this.body.writableEnded;
  }

  async #writeWhenRoom(piece: string | Buffer): Promise<void> {
    if (this.#isOver) return;
    if (this.body.writableNeedDrain) {
      const stalled = AbortSignal.timeout(limits.eventStreamStallMs);
      try {
        await once(this.body, 'drain', { signal: AbortSignal.any([this.closed, stalled]) });
      } catch {
        this.destroy();
        return;
      }
    }
    if (!this.#isOver) this.body.write(piece);
  }
}

export function textOf({ event, id, data }: StreamMessage): string {
  const fields = Object.entries({ event, id, data }).filter(([, value]) => value !== undefined);
  return `${fields.map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n`;
}
