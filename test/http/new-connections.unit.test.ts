import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { startHttpServer } from '../../src/http/server.js';
import { TimeSlice, yieldToEventLoop } from '../../src/yield-to-event-loop.js';

describe('New connections', () => {
  it('are not accepted one per computation while the process computes', async () => {
    const { url, drain } = await startHttpServer((_, response) => response.end(), '127.0.0.1', 0);
    let computations = 0;
    let isComputing = true;
    const computing = (async () => {
      while (isComputing) {
        await yieldToEventLoop();
        const slice = new TimeSlice();
        while (!slice.isOver);
        computations += 1;
      }
    })();
    try {
      const { hostname, port } = new URL(url);
      await Promise.all(
        Array.from({ length: 60 }, async () => {
          const socket = connect(Number(port), hostname);
          socket.end('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
          await once(socket.resume(), 'close');
        }),
      );
      expect(computations).to.be.below(30);
    } finally {
      isComputing = false;
      await computing;
      await drain(0);
    }
  });
});
