import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { expect } from 'chai';
import { eventually } from '../../support/servers.js';
import { call, startService, useService } from '../../support/service.js';

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

  it('a batch that a proxy passes on with its length gets its response once all lines have arrived', async () => {
    // nginx stops sending the request when it has the headers of the response.
    const { hostname, port } = new URL(service.url);
    const ids = [randomUUID(), randomUUID()];
    const [first = '', second = ''] = ids.map((id) => `${JSON.stringify(place(id))}\n`);
    const headers = { ...ndjson, 'x-forwarded-for': '192.0.2.1', 'content-length': first.length + second.length };
    const sent = request({ hostname, port, method: 'POST', path: '/orders/batch', headers });
    let begun = false;
    const response = once(sent, 'response').then(([message]) => {
      begun = true;
      return message;
    });
    sent.write(first);
    for (const path of [`/orders/${ids[0]}`, '/orders?limit=1'])
      await eventually('the first order', async () => (await fetch(service.url + path)).status === 200);
    expect(begun).to.equal(false);
    sent.end(second);
    const lines = (await textOf(await response)).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).order_id)).to.deep.equal(ids);
  });

  it('a batch of 5,000 lines is handled, except for a line that is too long', async () => {
    const lines = Array.from({ length: 5_000 }, () => place(randomUUID()));
    const answers = await batch([...lines, `{"command":"note","text":"${'x'.repeat(600_000)}"}`, place(randomUUID())]);
    expect(answers).to.have.length(5_002);
    expect(answers.map(({ line }) => line)).to.deep.equal(Array.from({ length: 5_002 }, (_, nth) => nth + 1));
    expect([answers[5_000].status, answers[5_001].status]).to.deep.equal([413, 201]);
    expect(answers.filter(({ status }) => status === 201)).to.have.length(5_001);
  });

  /** Sends a body, and reads the response only once all of it is sent. */
  function sendBeforeReading(path: string, body: string, type: string): Promise<{ status: number; text: string }> {
    const { hostname, port } = new URL(service.url);
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, method: 'POST', path, headers: { 'content-type': type } });
      sent.on('error', reject);
      sent.on('response', async (message) => {
        message.pause();
        await finished;
        let text = '';
        message.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        message.on('end', () => resolve({ status: message.statusCode ?? 0, text })).on('error', reject);
        message.resume();
      });
      const finished = new Promise<void>((done) => sent.on('finish', done));
      sent.end(body);
    });
  }

  it('a client may send all lines of a batch before it reads the first result', async () => {
    // Their results exceed what the buffers of both systems take.
    const count = 60_000;
    const { status, text } = await sendBeforeReading(
      '/orders/batch',
      '{"command":"fly"}\n'.repeat(count),
      ndjson['content-type'],
    );
    expect(status).to.equal(200);
    const lines = text.trimEnd().split('\n');
    expect(lines).to.have.length(count);
    expect(JSON.parse(lines.at(-1) ?? '')).to.deep.include({ line: count, status: 422 });
  });

  it('a batch whose results are not read ends with the number of the lines that were handled', async () => {
    // The result of this line is about 4 KB long.
    const fields = Object.fromEntries(Array.from({ length: 25 }, (_, nth) => [`${nth}`.padStart(100, 'f'), 1]));
    const line = `${JSON.stringify({ command: 'place', ...fields })}\n`;
    const { status, text } = await sendBeforeReading('/orders/batch', line.repeat(30_000), ndjson['content-type']);
    expect(status).to.equal(200);
    const lines = text.trimEnd().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '');
    expect(last).to.deep.include({ line: lines.length, status: 413 });
    expect(last.problem.type).to.equal('/problems/results-not-read');
    expect(JSON.parse(lines.at(-2) ?? '').line).to.equal(lines.length - 1);
    expect(text.length).to.be.within(64e6, 80e6);
  });

  it('a body that is too large gets its 413, although the client sends all of it first', async () => {
    const { status, text } = await sendBeforeReading('/orders', 'x'.repeat(20_000_000), 'application/json');
    expect([status, JSON.parse(text).type]).to.deep.equal([413, '/problems/body-too-large']);
  });

  it('a compressed batch is rejected with 415', async () => {
    const headers = { ...ndjson, 'content-encoding': 'gzip' };
    const { status, problem } = await call(service, 'POST', '/orders/batch', '{}', headers);
    expect([status, problem.type]).to.deep.equal([415, '/problems/unsupported-media-type']);
  });

  it('a batch in another encoding than UTF-8 is rejected with 415', async () => {
    const { status } = await call(service, 'POST', '/orders/batch', '{}', {
      'content-type': 'application/x-ndjson; charset=iso-8859-1',
    });
    expect(status).to.equal(415);
    const utf8 = { 'content-type': 'application/x-ndjson; charset=UTF-8' };
    expect((await call(service, 'POST', '/orders/batch', '{}', utf8)).status).to.equal(200);
  });

  it('a batch with a header that belongs to one command is rejected, and names the header', async () => {
    for (const [name, value] of [
      ['Idempotency-Key', 'k-1'],
      ['If-Match', '"1"'],
    ] as const) {
      const { status, problem } = await call(service, 'POST', '/orders/batch', '{}', { ...ndjson, [name]: value });
      expect([status, problem.type]).to.deep.equal([400, '/problems/invalid-header']);
      expect(problem.detail).to.include(name);
    }
  });

  it('a batch that is cut is logged as cut, with the lines that were handled', async () => {
    const logging = await startService(service.log, { LOG_LEVEL: 'info' });
    const { hostname, port } = new URL(logging.url);
    const sent = request({ hostname, port, method: 'POST', path: '/orders/batch', headers: ndjson });
    sent.on('error', () => undefined);
    sent.on('response', (message) => {
      message.on('error', () => undefined);
      message.once('data', () => sent.destroy());
    });
    sent.write('{"command":"fly"}\n');
    await eventually('the line of the log', () =>
      /"route":"\/orders\/batch".*"lines":1.*"cut":true/.test(logging.output()),
    );
    await logging.stop();
  });
});
