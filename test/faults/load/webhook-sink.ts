import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HistoryFile } from '../history-file.js';

/** A receiver of webhooks that records each delivery, and responds as `answer` says. */
export interface WebhookSink {
  readonly url: string;
  /** The status of the next responses. */
  answer: number;
  stop(): void;
}

const keptHeaders = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

export async function startWebhookSink(history: HistoryFile): Promise<WebhookSink> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answered = sink.answer;
      const headers = Object.fromEntries(keptHeaders.map((name) => [name, String(request.headers[name])]));
      // The checker parses the body: the signature is of its bytes.
      const body = Buffer.concat(chunks).toString();
      history.add({ kind: 'webhook', receivedAt: Date.now() / 1_000, headers, body, answered });
      response.writeHead(answered).end();
    });
  });
  const sink: WebhookSink & { url: string } = {
    url: '',
    answer: 204,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sink.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return sink;
}
