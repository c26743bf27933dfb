import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { connectApi } from './api.js';

/** Instead of a response, the connection breaks. */
const cut = 0;

describe('the queries of the checker', () => {
  let server: Server;
  let asked: string[];
  const responses = new Map<string, [status: number, body: string][]>();
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const failureOf = (query: Promise<unknown>) => query.then(String, (error: Error) => error.message);

  beforeEach((done) => {
    asked = [];
    server = createServer((request, response) => {
      const path = request.url ?? '';
      asked.push(path);
      const [status, body] = responses.get(path)?.shift() ?? [400, 'wrong'];
      if (status === cut) request.socket.destroy();
      else response.writeHead(status).end(body);
    }).listen(0, '127.0.0.1', done);
  });
  afterEach((done) => {
    server.closeAllConnections();
    server.close(done);
  });

  it('are repeated while the service is busy', async () => {
    responses.set('/a', [
      [503, 'busy'],
      [200, '{"a":1}'],
    ]);
    expect(await connectApi(url()).get('/a')).to.deep.equal({ a: 1 });
  });

  it('are repeated after a connection that broke', async () => {
    responses.set('/a', [
      [cut, ''],
      [200, '{"a":1}'],
    ]);
    expect(await connectApi(url()).get('/a')).to.deep.equal({ a: 1 });
  });

  it('get one attempt each once one of them has failed for good', async () => {
    const api = connectApi(url());
    expect(await failureOf(api.get('/wrong'))).to.contain('responded 400: wrong');
    responses.set('/a', [
      [503, 'busy'],
      [200, '{"a":1}'],
    ]);
    expect(await failureOf(api.get('/a'))).to.contain('responded 503: busy');
    expect(asked).to.deep.equal(['/wrong', '/a']);
  });

  it('fail if the response is no JSON', async () => {
    responses.set('/a', [[200, '{"a"']]);
    expect(await failureOf(connectApi(url()).get('/a'))).to.contain('JSON');
  });
});
