import { connect } from 'node:net';

/** One request of a load. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadAnswer {
  readonly status: number;
  /** The status line and the headers, as they came. */
  readonly head: string;
}

/** A kept-alive connection that carries one request at a time. */
export interface Connection {
  exchange(request: LoadRequest): Promise<LoadAnswer>;
  close(): void;
}

/**
 * Opens a connection of a load: a plain socket that looks for the end of a response and at nothing
 * else. An HTTP client that costs as much as the service would measure itself. Responses need a
 * Content-Length.
 */
export function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let received = '';
  let done: ((answer: LoadAnswer) => void) | undefined;
  let failed: ((error: Error) => void) | undefined;
  // One character per byte: lengths are those of Content-Length.
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = received.slice(0, headEnd);
    if (received.length < headEnd + 4 + Number(headerOf(head, 'content-length') ?? 0)) return;
    received = '';
    done?.({ status: Number(head.slice(9, 12)), head });
  });
  socket.on('error', (error) => failed?.(error));
  socket.on('close', () => failed?.(new Error('the server closed the connection')));
  const exchange = ({ method, path, headers = {}, body }: LoadRequest) =>
    new Promise<LoadAnswer>((resolve, reject) => {
      done = resolve;
      failed = reject;
      let text = `${method} ${path} HTTP/1.1\r\nhost: ${hostname}\r\n`;
      for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
      if (body !== undefined)
        text += `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
      socket.write(`${text}\r\n${body ?? ''}`);
    });
  return new Promise((resolve, reject) => {
    failed = reject;
    socket.once('connect', () => resolve({ exchange, close: () => socket.destroy() }));
  });
}

/** A header of a response. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: ([^\\r]*)`, 'i').exec(head)?.[1];
}
