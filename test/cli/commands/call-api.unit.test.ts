import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { callApi } from '../../../src/cli/commands/call-api.js';
import { UsageError } from '../../../src/cli/terminal/errors.js';

describe('A command whose response is lost', () => {
  let server: Server | undefined;
  const { timeout } = AbortSignal;
  afterEach(() => {
    AbortSignal.timeout = timeout;
    server?.closeAllConnections();
    server?.close();
  });

  /** Returns what the command line prints if the service handles a payment in this way. */
  async function errorOf(listener: RequestListener): Promise<string> {
    const made = createServer(listener);
    server = made;
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
    const params = { path: { order_id: 'o' }, header: { 'Idempotency-Key': 'k-1' } };
    return callApi({ env: {} }, url, {
      key: 'k-1',
      send: (client, signal) => client.POST('/orders/{order_id}/pay', { params, body: {}, signal }),
    }).then(() => 'no error', String);
  }

  it('names its key if the service does not respond in time', async () => {
    const late = new AbortController();
    AbortSignal.timeout = () => late.signal;
    const error = await errorOf((_, response) => {
      // The headers arrive, the body does not.
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{', () => late.abort(new DOMException('late', 'TimeoutError')));
    });
    expect(error)
      .to.match(/did not respond within 30 s\. The command may have been done: repeat it with --key k-1/)
      .and.not.include('start it');
  });

  it('names its key if the connection breaks, before the response or within it', async () => {
    expect(await errorOf((request) => request.socket.destroy())).to.include('--key k-1');
    server?.close();
    const error = await errorOf((_, response) => {
      response.writeHead(200, { 'content-length': '9' });
      response.write('{', () => response.destroy());
    });
    expect(error).to.include('--key k-1');
  });

  it('names its key if the service does not know the outcome, and not if it refused the command', async () => {
    const respond = (status: number, fields = {}) =>
      errorOf((_, response) => response.writeHead(status).end(JSON.stringify({ title: 'A title', ...fields })));
    expect(await respond(503))
      .to.include('A title')
      .and.include('--key k-1');
    server?.close();
    expect(await respond(503, { may_have_been_done: true })).to.include('--key k-1');
    server?.close();
    expect(await respond(503, { may_have_been_done: false })).to.equal('Error: A title');
    server?.close();
    expect(await respond(409)).to.equal('Error: A title');
  });

  it('says so if another program responds at the address, or if that is no address', async () => {
    for (const status of [200, 404]) {
      const error = await errorOf((_, response) => response.writeHead(status).end('<html>A page</html>'));
      expect(error).to.match(/not this service: check ORDERS_URL, PORT or --url/);
      server?.close();
    }
    for (const url of ['localhost:3000', 'orders.example', '']) {
      const send = () => expect.fail('nothing is sent');
      const error = await callApi({ env: { ORDERS_URL: url } }, url, { send }).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UsageError);
    }
  });

  it('hides no error of the program behind one of the network', async () => {
    const mistake = new TypeError('x is not a function');
    const fail = () => Promise.reject(mistake);
    expect(await callApi({ env: {} }, 'http://127.0.0.1:1', { send: fail }).catch((error: unknown) => error)).to.equal(
      mistake,
    );
    // If a name has several addresses, the error itself has no message.
    const causes = new AggregateError([new Error('refused by ::1'), new Error('refused by 127.0.0.1')]);
    const away = () => Promise.reject(new TypeError('fetch failed', { cause: causes }));
    const error = await callApi({ env: {} }, 'http://localhost:1', { send: away }).catch(String);
    expect(error).to.include('cannot be reached (refused by ::1; refused by 127.0.0.1)');
  });

  it('is not sent with a key that no header can have, and the key is not shown', async () => {
    for (const key of ['secret\nkey', 'secret€', ' secret key ']) {
      const send = () => expect.fail('nothing is sent');
      const error = await callApi({ env: { ORDERS_API_KEY: key } }, undefined, { send }).catch((reason) => reason);
      expect(error).to.be.instanceOf(UsageError);
      expect(String(error)).to.include('ORDERS_API_KEY').and.not.include('secret');
    }
  });
});
