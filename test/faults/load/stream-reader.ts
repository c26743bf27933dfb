import { openStream, type StreamReader } from '../../support/event-stream.js';
import { parseJson } from '../checker/json.js';
import type { HistoryFile } from '../history-file.js';

const reconnectMs = 200;
/** Time without a message or a comment after which a reader opens its stream again. */
const silenceMs = 25_000;

/** A reader of `GET /orders/stream` that resumes after each break, at the other API process. */
export class ChangeReader {
  /** The last position of each partition that this reader has received. */
  readonly received = new Map<number, number>();
  /** Responses that are neither a stream nor temporary, and messages that break the contract. */
  readonly faults: string[] = [];
  #lastId: string | undefined;
  #current: StreamReader | undefined;
  #isOver = false;

  constructor(
    readonly number: number,
    private readonly urls: readonly string[],
    private readonly apiKey: string,
    private readonly history: HistoryFile,
  ) {}

  async run(onOpen: () => void = () => undefined): Promise<void> {
    for (let attempt = this.number; !this.#isOver; attempt += 1) {
      await this.#read(this.urls[attempt % this.urls.length] ?? '', onOpen).catch((error: Error) => {
        const isWrong = /^answered 4/.test(error.message) || error.message.includes('the document');
        if (isWrong || error instanceof SyntaxError)
          this.faults.push(`reader ${this.number} could not read its stream: ${error.message}`);
      });
      if (!this.#isOver) await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }

  end(): void {
    this.#isOver = true;
    this.#current?.close();
  }

  async #read(url: string, onOpen: () => void): Promise<void> {
    const resume = this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId };
    let lastAt = performance.now();
    const authorization = `Bearer ${this.apiKey}`;
    const opening = openStream(`${url}/orders/stream`, { authorization, ...resume }, (message, reader) => {
      lastAt = performance.now();
      if (this.#isOver) return;
      this.#lastId = reader.lastId() ?? this.#lastId;
      const { id = null, event = 'message' } = message;
      const data = parseJson(message.data) as { position?: string } | undefined;
      const unreadable = data === undefined ? { unreadable: message.data } : {};
      this.#noteReceived(event, data?.position);
      this.history.add({ kind: 'stream', reader: this.number, id, event, data: data ?? null, ...unreadable });
    });
    const reader = await withDeadline(opening);
    this.#current = reader;
    if (this.#isOver) reader.close();
    onOpen();
    let comments = 0;
    const watch = setInterval(() => {
      // The first id comes before the first message, so that any break can be resumed.
      this.#lastId ??= reader.lastId();
      if (reader.comments() > comments) lastAt = performance.now();
      comments = reader.comments();
      if (performance.now() - lastAt > silenceMs) reader.close();
    }, 20);
    try {
      await reader.ended;
    } finally {
      clearInterval(watch);
    }
  }

  #noteReceived(event: string, position: string | undefined): void {
    if (event === 'reset') this.received.clear();
    const [partition, number] = (position ?? '').split('@')[0]?.split(':').map(Number) ?? [];
    if (partition !== undefined && number !== undefined) this.received.set(partition, number);
  }
}

/** Half-open connections accept a request, and never answer it. */
async function withDeadline(opening: Promise<StreamReader>): Promise<StreamReader> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the stream did not open in time')), 10_000);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
    opening.catch(() => undefined);
  }
}
