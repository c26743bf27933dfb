/** A block of an event stream. Without data it carries an id, or the time to reconnect after. */
export interface Message {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: string | undefined;
  readonly retryMs: number | undefined;
}

const nothing: Message = { event: undefined, id: undefined, data: undefined, retryMs: undefined };

/**
 * Yields the messages of an event stream (WHATWG, HTML, section "Parsing an event stream"). Yields
 * those without data too, which parsers of browsers keep to themselves: their ids say where a
 * stream resumes that has sent nothing yet.
 * @param heard is called whenever bytes arrive, comments included.
 */
export async function* messagesOf(body: ReadableStream<Uint8Array>, heard?: () => void): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  let message = nothing;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      heard?.();
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
    // The caller has left the loop, or the connection broke.
    await reader.cancel().catch(() => undefined);
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
