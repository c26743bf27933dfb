import { connect } from 'node:net';
import { expect } from 'chai';
import { httpLimits as limits } from '../../../src/http/limits.js';
import { createPlaces } from '../../../src/http/middleware/in-flight-requests.js';
import type { AddRoute } from '../../../src/http/routes/router.js';
import { eventually } from '../../support/servers.js';
import { startTestApp } from '../../support/test-app.js';

describe('A body that nobody reads', () => {
  const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;

  /** Sends a body without end, until the connection is closed. Returns the bytes that were sent. */
  async function sendForEver(port: number, head: string): Promise<number> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write(`${head}\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const send = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', send);
    send();
    await eventually('the connection to be closed', () => socket.destroyed, 30_000);
    return socket.bytesWritten;
  }

  const listing = (route: AddRoute) =>
    route('listOrders', (ctx) => {
      ctx.body = '{}';
    });
  const cases: [name: string, head: string, places: 'free' | 'used up'][] = [
    ['of an operation that takes none', 'GET /orders HTTP/1.1', 'free'],
    ['of a path that does not exist', 'POST /nothing HTTP/1.1', 'free'],
    ['of a request that was shed', 'POST /orders HTTP/1.1', 'used up'],
  ];
  for (const [name, head, use] of cases) {
    it(`a body ${name} is discarded up to a limit, and then the connection is closed`, async () => {
      const places = createPlaces();
      if (use === 'used up')
        for (let nth = 0; nth < limits.maxInFlightRequests; nth += 1) places.writes.count('others');
      const app = await startTestApp(listing, {}, { places });
      // The buffers of both systems take some megabytes more.
      expect(await sendForEver(app.port, head)).to.be.within(limits.maxDiscardedBytes, 1.2 * limits.maxDiscardedBytes);
      await app.stop();
    });
  }
});
