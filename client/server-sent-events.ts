/** A block of an event stream. Without data it carries an id, or the time to reconnect after. */
export interface Message {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string | undefined;
  readonly retryMs: number | undefined;
}

const nothing: Message = { event: undefined, id: undefined, data: undefined, retryMs: undefined };

/**
 * After how long without a byte a connection counts as broken, unless the caller sets another time.
 * The service sends something every 15 s.
 */
export const defaultSilenceMs = 45_000;

/**
 * Yields the messages of an event stream (WHATWG, HTML, section "Parsing an event stream"). Also
 * yields messages without data, which browsers do not pass on: their ids say where a stream resumes
 * that has sent nothing yet.
 * @param silenceMs throws once nothing has arrived for this time: a half-open connection reports no
 * error. Only the time of waiting for bytes counts, not the time that the caller takes for a
 * message.
 */
export async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  silenceMs: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  let message = nothing;
  try {
    const read = () => unlessSilent(reader.read(), silenceMs);
    for (let part = await read(); !part.done; part = await read()) {
      // A CR at the end may be the first half of a CRLF.
      const text = rest + decoder.decode(part.value, { stream: true });
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (message !== nothing) yield message;
          message = nothing;
        } else {
          message = withLine(message, line);
        }
      }
    }
  } finally {
    // The caller has left the loop, or the connection broke. A silent one may not end at all.
    void reader.cancel().catch(() => undefined);
  }
}

/** Rejects if the result does not come in time. */
export async function unlessSilent<Result>(result: Promise<Result>, silenceMs: number): Promise<Result> {
  if (silenceMs === Number.POSITIVE_INFINITY) return result;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing arrived for ${silenceMs} ms`)), silenceMs);
  });
  try {
    return await Promise.race([result, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function withLine(message: Message, line: string): Message {
  const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
  if (field === 'data') return { ...message, data: message.data === undefined ? value : `${message.data}\n${value}` };
  if (field === 'event') return { ...message, event: value };
  if (field === 'id' && !value.includes('\0')) return { ...message, id: value };
  if (field === 'retry' && /^\d+$/.test(value)) return { ...message, retryMs: Number(value) };
  return message;
}
