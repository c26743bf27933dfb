import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { expect } from 'chai';
import { call, useService } from '../../support/service.js';

describe('POST /orders/batch', () => {
  const service = useService();

  const ndjson = { 'content-type': 'application/x-ndjson' };
  const batch = async (lines: (object | string)[]) => {
    const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    const { status, text } = await call(service, 'POST', '/orders/batch', body, ndjson);
    expect(status).to.equal(200);
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const place = (order_id: string) => ({ command: 'place', order_id, user_id: 'u', item_ids: ['a'], total_amount: 10 });

  it('a batch responds to each line in order, an invalid line fails alone, and lines of one order keep their order', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const answers = await batch([
      place(a),
      { command: 'pay', order_id: a },
      'this is not json',
      { command: 'process', order_id: a },
      { command: 'fly', order_id: a },
      place(b),
      { command: 'ship', order_id: a },
      { command: 'deliver', order_id: b },
      { command: 'note', order_id: 'x', text: 'hi' },
      { ...place(randomUUID()), surprise: 1 },
      '[]',
    ]);
    expect(answers.map(({ line, status, version }) => [line, status, version])).to.deep.equal([
      [1, 201, 1],
      [2, 200, 2],
      [3, 400, undefined],
      [4, 200, 3],
      [5, 422, undefined],
      [6, 201, 1],
      [7, 200, 4],
      [8, 409, undefined],
      [9, 422, undefined],
      [10, 422, undefined],
      [11, 422, undefined],
    ]);
    expect(answers[7].problem).to.deep.include({ type: '/problems/invalid-transition', current_status: 'pending' });
    expect(answers[9].problem.errors).to.deep.equal([{ pointer: '/surprise', message: 'is not a known field' }]);
    // The response ends when its writes can be read.
    expect((await call(service, 'GET', `/orders/${a}`)).body.status).to.equal('shipped');
  });

  it('lines of one order keep their order if one precedes the placing or places the order again', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const first = { ...place(a), idempotency_key: `place ${a}` };
    const lines = [{ command: 'pay', order_id: a }, first, place(b), { command: 'pay', order_id: a }, first];
    const answers = await batch([...lines, { ...place(b), total_amount: 11 }, { command: 'process', order_id: b }]);
    expect(answers.map(({ status, version }) => [status, version])).to.deep.equal([
      [404, undefined],
      [201, 1],
      [201, 1],
      [200, 2],
      [201, 1],
      [409, undefined],
      [200, 2],
    ]);
    expect(answers[4].replayed).to.equal(true);
  });

  it('a batch repeated with its idempotency keys changes nothing', async () => {
    const lines = Array.from({ length: 30 }, (_, nth) => ({
      command: 'place',
      user_id: 'u',
      item_ids: ['a'],
      total_amount: nth,
      idempotency_key: `batch-${nth}`,
    }));
    const first = await batch(lines);
    const second = await batch(lines);
    expect(second.map(({ order_id }) => order_id)).to.deep.equal(first.map(({ order_id }) => order_id));
    expect(second.every(({ replayed }) => replayed === true)).to.equal(true);
  });

  it('a batch is streamed both ways: a client may wait for a response before it sends the next line', async () => {
    const { hostname, port } = new URL(service.url);
    const sent = request({ hostname, port, method: 'POST', path: '/orders/batch', headers: ndjson });
    const answers: string[] = [];
    let wake = () => undefined as unknown;
    const response = new Promise<void>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (message) => {
        message.on('data', (chunk: Buffer) => {
          answers.push(...chunk.toString().trim().split('\n'));
          wake();
        });
        message.on('end', resolve);
      });
    });
    const orderId = randomUUID();
    for (const [nth, line] of [
      place(orderId),
      { command: 'pay', order_id: orderId },
      { command: 'process', order_id: orderId },
    ].entries()) {
      const answered = new Promise<unknown>((resolve) => {
        wake = () => resolve(undefined);
      });
      sent.write(`${JSON.stringify(line)}\n`);
      await answered;
      expect(answers).to.have.length(nth + 1);
    }
    sent.end();
    await response;
    expect(answers.map((line) => JSON.parse(line).version)).to.deep.equal([1, 2, 3]);
  });

  it('a batch of 5,000 lines is handled, except for a line that is too long', async () => {
    const lines = Array.from({ length: 5_000 }, () => place(randomUUID()));
    const answers = await batch([...lines, `{"command":"note","text":"${'x'.repeat(600_000)}"}`, place(randomUUID())]);
    expect(answers).to.have.length(5_002);
    expect(answers.map(({ line }) => line)).to.deep.equal(Array.from({ length: 5_002 }, (_, nth) => nth + 1));
    expect([answers[5_000].status, answers[5_001].status]).to.deep.equal([413, 201]);
    expect(answers.filter(({ status }) => status === 201)).to.have.length(5_001);
  });
});
