import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { startInnocentClient } from '../../bench/innocent-client.js';
import { projectPath } from '../../src/project-path.js';
import { appender, noteEvent } from '../support/events.js';
import { projected } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { type RunningService, startService } from '../support/service.js';

/** The flags of Node in production: they bound its heap. */
function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as { scripts: { start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

export interface HostileLoad {
  /** Orders of the largest legal size. */
  readonly orders: number;
  /** Events of one long order. */
  readonly events: number;
  /** Orders of the largest size with some large events each. */
  readonly hugeOrders: number;
  /** The largest lines of each of some batches. */
  readonly largestLines: number;
  /** Clients that ask for much and read nothing. */
  readonly silentClients: number;
  /** Time in ms that they stay connected. */
  readonly silentMs: number;
  /** Part of the requests of the other attacks that are sent, 0 to 1. */
  readonly share: number;
  /** Batches that are cancelled. */
  readonly batches: number;
  /** Streams that resume from the beginning of the log. */
  readonly streams: number;
}

/** Megabytes of memory (resident set) that the process may take, whatever clients do. */
const maxMegabytes = 400;

/**
 * Sends what hostile clients send, while an innocent client at another address places and reads
 * orders. The process keeps within its memory, answers the innocent client, and does not end.
 */
export function describeHostileClients(load: HostileLoad): void {
  describe('Hostile clients', function () {
    this.timeout(600_000);
    let log: TestLog;
    let service: RunningService;
    const sockets: Socket[] = [];
    before(async () => {
      log = await createTestLog();
      const env = { LOG_LEVEL: 'error', ORDERS_RESPONSE_TIMEOUT_MS: '2000' };
      service = await startService(log, env, projectPath('.'), startFlags());
    });
    after(async () => {
      for (const socket of sockets) socket.destroy();
      await service.stop();
      await log.close();
    });

    it('the process keeps within its memory and answers an innocent client, whatever hostile clients do', async () => {
      const longOrder = await placeLongOrder(log, load.events);
      const hugeOrders = await placeHugeOrders(log, load.hugeOrders);
      await placeLargeOrders(service.url, load.orders);
      await projected(log, 120_000);
      const innocent = startInnocentClient(service.url);
      const part = (requests: number) => Math.ceil(requests * load.share);
      const attacks: [name: string, attack: () => Promise<void>][] = [
        [
          'the largest orders, all at once',
          () => inParallel(100, part(200), (nth) => get(service.url, `/orders/${hugeOrders[nth % hugeOrders.length]}`)),
        ],
        [
          'commands on orders with long streams of large events',
          () => inParallel(60, part(120), (nth) => note(service.url, hugeOrders[nth % hugeOrders.length] ?? '')),
        ],
        ['the largest bodies', () => inParallel(100, part(200), () => placeLargest(service.url))],
        [
          'batches of the largest lines',
          () => inParallel(8, part(8), () => sendLargestLines(service.url, load.largestLines)),
        ],
        ['parallel lists of large orders', () => inParallel(40, part(80), () => get(service.url, '/orders?limit=200'))],
        ['long histories', () => inParallel(20, part(40), () => get(service.url, `/orders/${longOrder}/history`))],
        [
          'changes of a long order',
          () => inParallel(8, part(16), () => get(service.url, `/orders/${longOrder}/history?diff=true`)),
        ],
        [
          'old versions',
          () => inParallel(20, part(40), () => get(service.url, `/orders/${longOrder}?version=${load.events}`)),
        ],
        ['clients that read nothing', async () => readNothing(load.silentClients, longOrder)],
        ['cancelled batches', () => inParallel(20, load.batches, cancelBatch)],
        ['streams with old ids', () => resumeStreams(load.streams)],
      ];
      for (const [name, attack] of attacks) {
        console.log(`      ${name}`);
        await attack();
        expect(service.process.exitCode, `the process has ended: ${name}\n${service.output()}`).to.equal(null);
        expect(peakMegabytes(service.process.pid ?? 0), `peak memory after: ${name}`).to.be.below(maxMegabytes);
      }
      const { requests, refused } = await innocent.stop();
      expect(refused, `of ${requests} requests of the innocent client`).to.deep.equal([]);
      expect(requests).to.be.greaterThan(20);
    });

    /**
     * Asks for lists and histories many times over, and never reads. Ends when the service has
     * disconnected all of these clients, or after `load.silentMs`: responses that fit into the
     * buffers of the connection keep nobody waiting.
     */
    async function readNothing(clients: number, longOrder: string): Promise<void> {
      const { hostname, port } = new URL(service.url);
      const paths = ['/orders?limit=200', `/orders/${longOrder}/history`];
      const text = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join('');
      const closed = Array.from({ length: clients }, () => {
        const socket = connect(Number(port), hostname);
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.write(text.repeat(5));
        socket.pause();
        // A paused client learns of the end only when it sends something.
        const probe = setInterval(() => socket.write('\r\n'), 200);
        return new Promise<void>((resolve) => {
          socket.on('close', () => {
            clearInterval(probe);
            resolve();
          });
        });
      });
      const bound = new Promise<void>((resolve) => setTimeout(resolve, load.silentMs));
      await Promise.race([Promise.all(closed), bound]);
      for (const socket of sockets) socket.destroy();
    }

    /** Begins a batch, and disconnects in the middle of it. */
    async function cancelBatch(): Promise<void> {
      const { hostname, port } = new URL(service.url);
      const headers = { 'content-type': 'application/x-ndjson' };
      const sent = request({ hostname, port, method: 'POST', path: '/orders/batch', headers });
      await new Promise<void>((resolve) => {
        sent.on('error', () => resolve());
        sent.on('close', () => resolve());
        sent.on('response', (message) => {
          message.on('error', () => undefined);
          message.once('data', () => sent.destroy());
        });
        const line = JSON.stringify({ command: 'place', user_id: 'u', item_ids: ['a'], total_amount: 1 });
        sent.write(`${line}\n`.repeat(500));
      });
    }

    /** Opens streams that begin with the first change of the log. Half of them are never read. */
    async function resumeStreams(streams: number): Promise<void> {
      const { hostname, port } = new URL(service.url);
      const cursor = `${log.keys.log}-${Array.from({ length: log.settings.partitions }, () => '0').join('.')}`;
      const text = `GET /orders/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: ${cursor}\r\n\r\n`;
      const opened = Array.from({ length: streams }, (_, nth) => {
        const socket = connect(Number(port), hostname);
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.write(text);
        if (nth % 2 === 0) {
          socket.pause();
          return undefined;
        }
        let received = 0;
        return new Promise<void>((resolve) => {
          socket.on('close', () => resolve());
          socket.on('data', (chunk: Buffer) => {
            received += chunk.length;
            if (received > 1e6) resolve();
          });
        });
      });
      await Promise.all(opened);
      for (const socket of sockets) socket.destroy();
    }
  });
}

async function placeLongOrder(log: TestLog, events: number): Promise<string> {
  const orderId = randomUUID();
  const items = Array.from({ length: 100 }, (_, nth) => ({ item_id: `item-${nth}`, quantity: 1, unit_price_minor: 1 }));
  const data = JSON.stringify({ user_id: 'u', currency: 'USD', total_minor: 100, items, metadata: {} });
  const append = appender(log);
  await append({ orderId, expectedVersion: 0, events: [{ ...noteEvent(''), type: 'OrderPlaced', data }] });
  for (let version = 1; version < events; version += 400) {
    const notes = Array.from({ length: Math.min(400, events - version) }, (_, nth) =>
      noteEvent(`note ${nth}`.padEnd(300, '.')),
    );
    await append({ orderId, expectedVersion: version, events: notes });
  }
  return orderId;
}

/** Lines of the largest order that fits into a body. */
const largestItems = Array.from({ length: 2_200 }, (_, nth) => ({
  item_id: `${nth}`.padEnd(180, '-'),
  quantity: 1,
  unit_price: 1,
}));

/** Appends orders of the largest size that were amended several times. */
async function placeHugeOrders(log: TestLog, count: number): Promise<string[]> {
  const append = appender(log);
  const items = largestItems.map(({ item_id, quantity }) => ({ item_id, quantity, unit_price_minor: 1 }));
  const placed = JSON.stringify({ user_id: 'u', currency: 'USD', total_minor: 2_200, items, metadata: {} });
  const amended = JSON.stringify({ total_minor: 2_200, items, reason: null });
  const ids = Array.from({ length: count }, () => randomUUID());
  for (const orderId of ids) {
    await append({ orderId, expectedVersion: 0, events: [{ ...noteEvent(''), type: 'OrderPlaced', data: placed }] });
    for (let version = 1; version < 20; version += 1) {
      const amend = { ...noteEvent(''), type: 'OrderAmended', data: amended };
      await append({ orderId, expectedVersion: version, events: [amend] });
    }
  }
  return ids;
}

async function note(url: string, orderId: string): Promise<void> {
  await post(`${url}/orders/${orderId}/note`, JSON.stringify({ text: 'n' }), [200, 503]);
}

async function placeLargest(url: string): Promise<void> {
  await post(`${url}/orders`, JSON.stringify({ user_id: 'u', items: largestItems, total_amount: 2_200 }), [201, 503]);
}

async function post(url: string, body: string, statuses: readonly number[]): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.arrayBuffer();
  expect(response.status, url).to.be.oneOf(statuses);
}

async function sendLargestLines(url: string, lines: number): Promise<void> {
  const line = JSON.stringify({ command: 'place', user_id: 'u', items: largestItems, total_amount: 2_200 });
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await fetch(`${url}/orders/batch`, { method: 'POST', headers, body: `${line}\n`.repeat(lines) });
  await response.text();
  expect(response.status).to.be.oneOf([200, 503]);
}

async function placeLargeOrders(url: string, count: number): Promise<void> {
  const items = Array.from({ length: 500 }, (_, nth) => ({
    item_id: `${nth}`.padEnd(200, '-'),
    quantity: 1,
    unit_price: 1,
  }));
  const body = JSON.stringify({ user_id: 'u', items, total_amount: 500 });
  for (let nth = 0; nth < count; nth += 1) {
    const headers = { 'content-type': 'application/json', prefer: 'respond-async' };
    const response = await fetch(`${url}/orders`, { method: 'POST', headers, body });
    expect(response.status, await response.text()).to.equal(201);
  }
}

async function get(url: string, path: string): Promise<void> {
  const response = await fetch(url + path);
  await response.arrayBuffer();
  // A hostile client may be refused, but no request may fail.
  expect(response.status, path).to.be.oneOf([200, 503]);
}

/** @param task gets the number of the task, from 0. */
async function inParallel(workers: number, count: number, task: (nth: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (next < count) await task(next++);
    }),
  );
}

/** The peak of the resident set, as Linux counts it; 0 on other systems. */
function peakMegabytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
