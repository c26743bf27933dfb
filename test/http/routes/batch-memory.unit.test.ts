import { connect } from 'node:net';
import { expect } from 'chai';
import { ByteLedger } from '../../../src/http/byte-ledger.js';
import { unlimitedRate } from '../../../src/http/middleware/rate-limit.js';
import { AuthorityWatch } from '../../../src/http/request/authority.js';
import { batchRoute } from '../../../src/http/routes/batch-route.js';
import { eventually } from '../../support/servers.js';
import { startTestApp } from '../../support/test-app.js';

describe('The memory of batches', () => {
  it('a batch whose unfinished line takes too much memory ends with a line that says so', async () => {
    const app = await startTestApp(
      (route) =>
        batchRoute(route, {
          handleCommand: () => Promise.reject(new Error('no line is complete')),
          placeOrders: async () => [],
          models: { projections: [] },
          applied: { wait: async () => true, reached: async () => true },
          authority: new AuthorityWatch(),
          rateLimit: unlimitedRate,
          defaultCurrency: 'USD',
        }),
      { arrivingBodies: new ByteLedger(10_000) },
    );
    const socket = connect(app.port, '127.0.0.1');
    let response = '';
    socket
      .on('error', () => undefined)
      .on('data', (text: Buffer) => {
        response += text.toString();
      });
    const headers = 'Host: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';
    socket.write(`POST /orders/batch HTTP/1.1\r\n${headers}2\r\n[\n\r\n${'1\r\n-\r\n'.repeat(5_000)}`);
    await eventually('the bytes to be held', () => app.budgets.arrivingBodies.bytes > 4_000);
    socket.write('1\r\n-\r\n'.repeat(10_000));
    await eventually('the last line', () => /"line":2,"status":503.*incomplete bodies/.test(response));
    expect(response).to.match(/"line":1,"status":400/);
    // The rest, which no buffer of both systems could take, is discarded.
    const rest = 'x'.repeat(20_000_000);
    await new Promise((sent) => socket.write(`${rest.length.toString(16)}\r\n${rest}\r\n`, sent));
    expect(app.budgets.arrivingBodies.bytes).to.equal(0);
    socket.destroy();
    await app.stop();
  });
});
