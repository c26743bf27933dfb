import { connect } from 'node:net';
import { expect } from 'chai';
import { call, useService } from '../../support/service.js';
import { badBodies } from './bad-bodies.js';
import { type Context, order } from './bad-request.js';
import { badRequests } from './bad-requests.js';

describe('Bad input', () => {
  const service = useService();
  const context: Context = { service, orderId: '' };
  before(async () => {
    for (let nth = 0; nth < 3; nth += 1) {
      const { body } = await call(context.service, 'POST', '/orders', order, { prefer: 'wait=5' });
      context.orderId = body.order_id;
    }
  });
  const events = async () =>
    (await service.log.owner.query('select count(*)::int as n from events')).rows[0].n as number;

  for (const [what, send, status, type, pointer] of [...badBodies, ...badRequests]) {
    it(`${what} gets ${status} ${type} and changes nothing`, async () => {
      const before = await events();
      const answer = await send(context);
      expect([answer.status, answer.problem.type], answer.text).to.deep.equal([status, `/problems/${type}`]);
      expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/);
      expect(answer.problem).to.include.keys('title', 'detail', 'instance', 'request_id');
      expect(answer.text).not.to.match(/\bat .*\.(js|ts):|node_modules/);
      if (pointer !== undefined) expect(answer.problem.errors?.map((error) => error.pointer)).to.include(pointer);
      if (status === 405) expect(answer.headers.get('allow')).to.match(/GET/);
      expect(await events(), 'events').to.equal(before);
    });
  }

  it('bytes that are not HTTP get 400 and a closed connection, and the service keeps running', async () => {
    const { hostname, port } = new URL(context.service.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01 hello\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).to.match(/^HTTP\/1\.1 400/);
    expect((await call(context.service, 'GET', '/health/live')).status).to.equal(200);
  });
});
