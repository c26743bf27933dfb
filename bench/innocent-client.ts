import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface InnocentResult {
  readonly requests: number;
  /** The refusals: all but 200 and 201, and a 404 to a read, since read models may lag. */
  readonly refused: readonly string[];
  /** Milliseconds within which 99 % of the requests were answered. */
  readonly p99: number;
}

interface InnocentClient {
  stop(): Promise<InnocentResult>;
}

/**
 * A client that places orders and reads them, one request every 20 ms on one connection, at an
 * address of its own where the system has one. It measures what others leave to it. It has a thread
 * of its own, so that the attackers' work does not count as time of the service.
 */
export function startInnocentClient(url: string): InnocentClient {
  const worker = new Worker(new URL(import.meta.url), { workerData: { innocentClientOf: url } });
  return {
    async stop() {
      const result = once(worker, 'message');
      worker.postMessage('stop');
      const [measured] = (await result) as [InnocentResult];
      return measured;
    },
  };
}

function sendRequests(url: string): InnocentClient {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const from = process.platform === 'linux' ? { localAddress: '127.0.0.2' } : {};
  const times: number[] = [];
  const refused: string[] = [];
  const send = async (method: string, path: string, body?: object): Promise<string> => {
    const begun = performance.now();
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = body ? { 'content-type': 'application/json' } : {};
      const sent = request({ hostname, port, method, path, agent, headers, ...from }, (message) => {
        let text = '';
        message.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        message.on('end', () => resolve({ status: message.statusCode ?? 0, text })).on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body && JSON.stringify(body));
    });
    times.push(performance.now() - begun);
    if (![200, 201].includes(status) && !(method === 'GET' && status === 404)) refused.push(text);
    return text;
  };
  let stopping = false;
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
  const running = (async () => {
    while (!stopping) {
      const placed = await send('POST', '/orders', { user_id: 'innocent', item_ids: ['a'], total_amount: 1 });
      const { order_id } = JSON.parse(placed) as { order_id?: string };
      await pause();
      if (order_id !== undefined) await send('GET', `/orders/${order_id}`);
      await pause();
    }
  })();
  return {
    async stop() {
      stopping = true;
      await running;
      agent.destroy();
      times.sort((a, b) => a - b);
      return { requests: times.length, refused, p99: times[Math.floor(times.length * 0.99)] ?? 0 };
    },
  };
}

const { innocentClientOf } = (workerData ?? {}) as { innocentClientOf?: string };
if (!isMainThread && parentPort && innocentClientOf !== undefined) {
  const port = parentPort;
  const client = sendRequests(innocentClientOf);
  port.once('message', async () => port.postMessage(await client.stop()));
}
