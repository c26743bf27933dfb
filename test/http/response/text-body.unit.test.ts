import { connect } from 'node:net';
import { expect } from 'chai';
import { ByteLedger } from '../../../src/http/byte-ledger.js';
import { setStreamBody } from '../../../src/http/response/text-body.js';
import { eventually } from '../../support/servers.js';
import { startTestApp } from '../../support/test-app.js';

describe('A text that is made while it is sent', () => {
  const part = 'x'.repeat(4e6);

  /** An application with a response of three parts, and what became of them. */
  async function start(maxUnsentBytes: number) {
    const made = { parts: 0, closed: 0 };
    async function* parts() {
      try {
        for (; made.parts < 3; made.parts += 1) yield part;
      } finally {
        made.closed += 1;
      }
    }
    const app = await startTestApp(
      (route) => {
        route('listOrders', (ctx) => setStreamBody(ctx, 'text/plain', parts()));
      },
      { unsentResponses: new ByteLedger(maxUnsentBytes) },
    );
    return { app, made };
  }

  it('the response is whole, and holds no bytes once it is sent', async () => {
    const { app, made } = await start(1e8);
    expect((await (await fetch(`${app.url}/orders`)).text()).length).to.equal(3 * part.length);
    await eventually('the bytes to be released', () => app.budgets.unsentResponses.bytes === 0);
    expect(made).to.deep.equal({ parts: 3, closed: 1 });
    await app.stop();
  });

  it('a part that the client does not take counts as unsent, and is given up for its bytes', async () => {
    const { app, made } = await start(1.5 * part.length);
    const open = () => {
      const socket = connect(app.port, '127.0.0.1', () =>
        socket.write('GET /orders HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      );
      return socket.on('error', () => undefined).pause();
    };
    const first = open();
    await eventually('the part to be held', () => app.budgets.unsentResponses.bytes === part.length);
    const closed = new Promise((resolve) => first.once('close', resolve));
    const second = open();
    first.resume();
    await closed;
    await eventually('the first response to be closed', () => made.closed > 0);
    second.destroy();
    await eventually('the bytes to be released', () => app.budgets.unsentResponses.bytes === 0);
    await app.stop();
  });
});
