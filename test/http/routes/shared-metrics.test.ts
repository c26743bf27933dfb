import { connect } from 'node:net';
import { expect } from 'chai';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, type TestLog } from '../../support/servers.js';
import { call } from '../../support/service.js';

const partitions = 4;

describe('GET /orders/metrics under load', () => {
  let log: TestLog;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(partitions);
    service = await startLocalService(log);
  });
  after(async () => {
    await service?.stop();
    await log?.close();
  });

  const place = () =>
    call(service, 'POST', '/orders', { user_id: 'u', item_ids: ['a'], total_amount: 1 }, { prefer: 'wait=10' });
  const total = async () => (await call(service, 'GET', '/orders/metrics')).body.total_orders;
  /** Reads of the read model so far. Each reads one set per partition. */
  const reads = async () => {
    const [, calls = 0] = /cmdstat_smembers:calls=(\d+)/.exec(await log.redis.info('commandstats')) ?? [];
    return Number(calls) / partitions;
  };

  /** Sends requests in one write, so that they arrive together. Resolves with the responses. */
  async function pipelined(count: number): Promise<string[]> {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    const request = 'GET /orders/metrics HTTP/1.1\r\nHost: localhost\r\n';
    socket.write(`${request}\r\n`.repeat(count - 1));
    socket.write(`${request}Connection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text.split('HTTP/1.1 ').slice(1);
  }

  it('shares one read of Redis among requests that arrive together', async () => {
    await place();
    await total();
    const before = await reads();
    const responses = await pipelined(50);
    expect(responses).to.have.length(50);
    for (const response of responses) expect(response).to.match(/^200 OK.*"total_orders":1,/s);
    expect((await reads()) - before).to.be.lessThan(10);
  });

  it('never answers with figures that are older than the request', async () => {
    let isOver = false;
    const load = Promise.all(
      Array.from({ length: 16 }, async () => {
        while (!isOver) await total();
      }),
    );
    let placed = await total();
    for (let nth = 0; nth < 20; nth += 1) {
      expect((await place()).status).to.equal(201);
      placed += 1;
      expect(await total(), 'right after the response to the command').to.equal(placed);
    }
    isOver = true;
    await load;
  });
});
