import { Agent, request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { expectContract } from '../support/contract.js';
import { Random } from '../support/random.js';
import { anyRequest, type FuzzRequest } from './generate-request.js';
import type { Known } from './generate-value.js';

export interface FuzzResult {
  /** The number of responses by kind of request and status. */
  readonly answers: Map<string, number>;
  /** The failures, each with the request that caused it. */
  readonly failures: string[];
  /** Responses that said to try again, because the service was overloaded. */
  readonly overloaded: number;
}

const answerTimeoutMs = 20_000;
const maxRefusals = 9;
const maxFailures = 20;

interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly position: string | undefined;
  readonly text: string;
  readonly retryAfterSeconds: number;
}

/**
 * Sends random requests to a service, made from its OpenAPI document. The seed determines them. A
 * failure is a status of 500 or more that lasts, a response that the document does not allow, a
 * time-out, or a connection that breaks.
 */
export async function fuzz(url: string, count: number, seed: number, inParallel = 32): Promise<FuzzResult> {
  const random = new Random(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: inParallel });
  const known: Known = { orders: [], webhooks: [], positions: [] };
  const answers = new Map<string, number>();
  const failures: string[] = [];
  let overloaded = 0;
  const first = { kind: 'valid', method: 'post', headers: { 'content-type': 'application/json' } } as const;
  const order = await send(agent, url, {
    ...first,
    path: '/orders',
    body: '{"user_id":"u","item_ids":["a"],"total_amount":1}',
  });
  const webhook = await send(agent, url, { ...first, path: '/webhooks', body: '{"url":"https://receiver.invalid/"}' });
  known.orders.push((JSON.parse(order.text) as { order_id: string }).order_id);
  known.positions.push(order.position ?? '');
  known.webhooks.push((JSON.parse(webhook.text) as { webhook_id: string }).webhook_id);

  let sent = 0;
  const work = async () => {
    while (sent < count && failures.length < maxFailures) {
      sent += 1;
      const one = anyRequest(random, known);
      try {
        const { answer, refusals } = await sendUntilAccepted(agent, url, one);
        overloaded += refusals;
        const counted = `${one.kind} ${answer.status}`;
        answers.set(counted, (answers.get(counted) ?? 0) + 1);
        // The health is rightly 503 while partitions have no owner, such as at the start.
        if (answer.status >= 500 && !one.path.startsWith('/health')) throw new Error(answer.text);
        expectContract({ method: one.method.toUpperCase(), path: one.path, requestBody: one.json, ...answer });
        if (answer.status === 201) remember(known, answer.text);
      } catch (error) {
        failures.push(`${error instanceof Error ? error.message : String(error)}\n  ${describe(one)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: inParallel }, work));
  agent.destroy();
  return { answers, failures, overloaded };
}

/**
 * Sends a request again as long as the service is overloaded, when it says so, as clients do:
 * series of metrics, all at once, are more than a slow machine can compute in time.
 */
async function sendUntilAccepted(
  agent: Agent,
  url: string,
  one: FuzzRequest,
): Promise<{ answer: Answer; refusals: number }> {
  for (let refusals = 0; ; refusals += 1) {
    const answer = await send(agent, url, one);
    if (!isOverloaded(one, answer) || refusals === maxRefusals) return { answer, refusals };
    await setTimeout(1_000 * answer.retryAfterSeconds);
  }
}

function isOverloaded({ method }: FuzzRequest, { status, text }: Answer): boolean {
  return status === 503 && (method === 'head' || text.includes('"/problems/overloaded"'));
}

/** Sends a request and reads the response, or only the first chunk of an event stream. */
function send(agent: Agent, url: string, { method, path, headers, body }: FuzzRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    // Node sends the body of a DELETE or OPTIONS only with a Content-Length.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = {
      ...{ agent, hostname, port, path, timeout: answerTimeoutMs },
      method: method.toUpperCase(),
      headers: { ...headers, ...length },
    };
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      const done = () =>
        resolve({
          status: incoming.statusCode ?? 0,
          position: incoming.headers['event-position']?.toString(),
          contentType: incoming.headers['content-type'] ?? null,
          text: Buffer.concat(chunks).toString(),
          retryAfterSeconds: Number(incoming.headers['retry-after'] ?? 0),
        });
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!incoming.headers['content-type']?.startsWith('text/event-stream')) return;
        done();
        outgoing.destroy();
      });
      incoming.on('end', done);
      incoming.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no response within ${answerTimeoutMs / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Keeps few of the latest ids, so that many commands meet the same orders, in every state. */
function remember(known: Known, text: string): void {
  const { order_id: order, webhook_id: webhook } = JSON.parse(text) as { order_id?: string; webhook_id?: string };
  for (const [list, id] of [
    [known.orders, order],
    [known.webhooks, webhook],
  ] as const) {
    if (id === undefined) continue;
    list.push(id);
    if (list.length > 50) list.shift();
  }
}

function describe({ kind, method, path, headers, body }: FuzzRequest): string {
  const text = body instanceof Buffer ? `base64:${body.toString('base64')}` : (body ?? '');
  return `${kind}: ${method} ${path.slice(0, 200)} ${JSON.stringify(headers).slice(0, 300)} ${text.slice(0, 1_000)}`;
}
