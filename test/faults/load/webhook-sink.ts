import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HistoryFile } from '../history-file.js';

/** A receiver of webhooks that records each delivery, and responds as `answer` says. */
export interface WebhookSink {
  readonly url: string;
  /** The status of the next responses; 0: no response. */
  answer: () => number;
  /** Different ids that were accepted. */
  readonly accepted: ReadonlySet<string>;
  stop(): void;
}

const keptHeaders = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

export async function startWebhookSink(history: HistoryFile): Promise<WebhookSink> {
  const accepted = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answered = sink.answer();
      const headers = Object.fromEntries(keptHeaders.map((name) => [name, String(request.headers[name])]));
      const webhookId = headers['webhook-id'] ?? '';
      if (answered >= 200 && answered < 300) accepted.add(webhookId);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as unknown;
      history.add({ kind: 'webhook', webhookId, headers, body, answered });
      if (answered !== 0) response.writeHead(answered).end();
    });
  });
  const sink = {
    url: '',
    answer: () => 204,
    accepted,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sink.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return sink;
}
