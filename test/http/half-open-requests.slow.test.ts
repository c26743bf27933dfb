import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { httpLimits } from '../../src/http/limits.js';
import { eventually } from '../support/servers.js';
import { call, useService } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('The HTTP server under half-open requests', () => {
  const service = useService({ LOG_LEVEL: 'silent' });

  it('the server serves others while many half-open requests wait, and closes those in time', async () => {
    const { port } = new URL(service.url);
    const responses: string[] = [];
    const sockets: Socket[] = Array.from({ length: 200 }, (_, nth) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.on('data', (text: Buffer) => responses.push(text.toString()));
      // Half of the requests stop in their headers, the others in their body.
      socket.write(
        nth % 2 === 0
          ? 'POST /orders HTTP/1.1\r\nHost: localhost\r\nX-Slow: '
          : 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"user_id":',
      );
      return socket;
    });
    let trickled = 0;
    const trickle = setInterval(() => {
      trickled += 1;
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 500);
    for (let nth = 0; nth < 50; nth += 1) {
      const { status, body } = await call(service, 'POST', '/orders', order);
      expect(status).to.equal(201);
      expect((await call(service, 'GET', `/orders/${body.order_id}`)).status).to.equal(200);
    }
    await eventually(
      'all to be closed',
      () => sockets.every((socket) => socket.destroyed),
      httpLimits.bodyTimeoutMs + 15_000,
    );
    clearInterval(trickle);
    expect(trickled).to.be.greaterThan(5);
    expect(
      responses.every((text) => /^HTTP\/1.1 408 /.test(text) && /\/problems\/request-timeout/.test(text)),
    ).to.equal(true);
    expect(responses).to.have.length(200);
  });
});
