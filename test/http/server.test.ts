import { connect } from 'node:net';
import { expect } from 'chai';
import { eventually } from '../support/servers.js';
import { call, startService, useService } from '../support/service.js';

describe('The HTTP server', () => {
  const service = useService({ LOG_LEVEL: 'silent' });

  it('every response has the security headers, and none names the server’s software', async () => {
    for (const path of ['/orders', '/nothing', '/health/live', '/problems/validation', '/docs']) {
      const { headers } = await call(service, 'GET', path);
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('x-frame-options'), path).to.equal('DENY');
      expect(headers.get('referrer-policy'), path).to.equal('no-referrer');
      expect(headers.get('content-security-policy'), path).to.match(
        /^default-src '(none|self)';.*frame-ancestors 'none'/,
      );
      expect(headers.has('x-powered-by'), path).to.equal(false);
    }
  });

  it('a client that does not read its responses is disconnected, and others are served meanwhile', async () => {
    const impatient = await startService(service.log, { LOG_LEVEL: 'silent', ORDERS_RESPONSE_TIMEOUT_MS: '1000' });
    try {
      const items = Array.from({ length: 500 }, (_, nth) => ({ item_id: `${nth}`.padEnd(200, '-'), quantity: 1 }));
      const { body } = await call(impatient, 'POST', '/orders', { user_id: 'u', items, total_amount: 1 });
      const { hostname, port } = new URL(impatient.url);
      const ended: Promise<void>[] = [];
      for (let nth = 0; nth < 3; nth += 1) {
        const socket = connect(Number(port), hostname);
        // More than the buffers of both systems take, asked for at once.
        socket.write(`GET /orders/${body.order_id} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(60));
        socket.pause();
        ended.push(
          new Promise((resolve) => {
            // A paused client learns of the end only when it sends something.
            const probe = setInterval(() => socket.write('\r\n'), 100);
            socket.on('error', () => undefined);
            socket.on('close', () => {
              clearInterval(probe);
              resolve();
            });
          }),
        );
      }
      let open = true;
      void Promise.all(ended).then(() => {
        open = false;
      });
      await eventually('all to be disconnected', async () => {
        expect((await call(impatient, 'GET', '/orders?limit=1')).status).to.equal(200);
        return !open;
      });
    } finally {
      await impatient.stop();
    }
  });
});
