import { expectComponent } from './contract.js';

/** A message of a Server-Sent Event stream, and what a reader needs to continue after it. */
export interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** A reader of a stream, as EventSource is one: it reads until the stream ends or it closes it. */
export interface StreamReader {
  readonly messages: Message[];
  /** The value of the last retry line, in milliseconds. */
  retryMs(): number | undefined;
  comments(): number;
  /** The value for Last-Event-ID, known from the start. */
  lastId(): string | undefined;
  close(): void;
  /** Resolves when either side has ended the stream. */
  readonly ended: Promise<void>;
}

/** Opens a stream. Rejects with the status if the response is not a stream. */
export async function openStream(
  url: string,
  headers: Record<string, string> = {},
  onMessage: (message: Message, reader: StreamReader) => void = () => undefined,
): Promise<StreamReader> {
  const controller = new AbortController();
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: controller.signal,
  });
  if (response.status !== 200 || !response.body)
    throw new Error(`answered ${response.status}: ${await response.text()}`);
  const messages: Message[] = [];
  let retry: number | undefined;
  let comments = 0;
  let lastId: string | undefined;
  const read = async (reader: StreamReader, body: NonNullable<typeof response.body>) => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        if (block.startsWith(':')) comments += 1;
        retry = Number(field('retry') ?? retry);
        const data = field('data');
        if (controller.signal.aborted) continue;
        lastId = field('id') ?? lastId;
        if (data === undefined) continue;
        if (url.includes('/orders/stream') && field('event') === undefined) expectComponent('Change', JSON.parse(data));
        const message = { id: field('id'), event: field('event'), data };
        messages.push(message);
        onMessage(message, reader);
      }
    }
  };
  const reader: { -readonly [Key in keyof StreamReader]: StreamReader[Key] } = {
    messages,
    retryMs: () => retry,
    comments: () => comments,
    lastId: () => lastId,
    close: () => controller.abort(),
    ended: Promise.resolve(),
  };
  reader.ended = read(reader, response.body).catch((error: Error) => {
    // A stream may break at any time, but its messages have to match the document.
    if (error instanceof SyntaxError || error.message.includes('the document')) throw error;
  });
  return reader;
}
