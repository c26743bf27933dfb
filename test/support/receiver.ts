import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expectComponent } from './contract.js';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The event as it is in the body. */
  readonly event: { order_id: string; version: number; type: string; position: string };
  readonly status: number;
}

/** A receiver of webhooks: keeps what it gets, and responds as `answer` says, 204 by default. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  answer: (path: string, event: Received['event']) => number | Promise<number>;
  stop(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      const message = JSON.parse(body) as { data: Received['event'] };
      if (message.data.order_id !== undefined) expectComponent('WebhookMessage', message);
      const { data: event } = message;
      const path = request.url ?? '';
      const status = await receiver.answer(path, event);
      received.push({ path, headers: request.headers, body, event, status });
      response.writeHead(status, status === 302 ? { location: `${receiver.url}/elsewhere` } : {}).end();
    });
  });
  const receiver: Receiver = {
    url: '',
    received,
    answer: () => 204,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(receiver, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
