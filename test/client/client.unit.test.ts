import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { BatchBroken, type BatchResult, sendBatch } from '../../client/batch.js';
import { Positions } from '../../client/positions.js';
import { withRetries } from '../../client/retries.js';
import { type Message, messagesOf } from '../../client/server-sent-events.js';
import { verifyWebhook } from '../../client/webhooks.js';

const url = 'http://orders.example/orders';

/** Sends to nobody: responds with these statuses, and records the requests. */
function sender(...statuses: (number | Error)[]) {
  const sent: Request[] = [];
  return {
    sent,
    send: async (request: Request) => {
      sent.push(request);
      const status = statuses[Math.min(sent.length, statuses.length) - 1] ?? 200;
      if (status instanceof Error) throw status;
      return new Response(null, { status, headers: { 'retry-after': '0' } });
    },
  };
}

describe('the retries of the client', () => {
  it('repeat queries, and commands with a key, with the same body', async () => {
    for (const request of [
      new Request(url),
      new Request(url, { method: 'POST', body: '{}', headers: { 'idempotency-key': 'k' } }),
    ]) {
      const { send, sent } = sender(503, new TypeError('connection lost'), 429, 200);
      expect((await withRetries(send)(request)).status).to.equal(200);
      expect(sent).to.have.length(4);
      if (request.method === 'POST') for (const one of sent) expect(await one.text()).to.equal('{}');
    }
  });

  it('do not repeat a command without a key, a final answer, or more often than they may', async () => {
    const post = sender(503);
    expect((await withRetries(post.send)(new Request(url, { method: 'POST', body: '{}' }))).status).to.equal(503);
    expect(post.sent).to.have.length(1);
    const rejected = sender(409);
    expect((await withRetries(rejected.send)(new Request(url))).status).to.equal(409);
    expect(rejected.sent).to.have.length(1);
    const down = sender(503);
    expect((await withRetries(down.send, { attempts: 3 })(new Request(url))).status).to.equal(503);
    expect(down.sent).to.have.length(3);
  });

  it('return a response whose Retry-After asks for too long, and stop at an abort', async () => {
    let sent = 0;
    const send = async () => {
      sent += 1;
      return new Response(null, { status: 503, headers: { 'retry-after': '3600' } });
    };
    expect((await withRetries(send)(new Request(url))).status).to.equal(503);
    expect(sent).to.equal(1);
    const abort = new AbortController();
    const waiting = withRetries(send, { maxWaitMs: 10_000_000 })(new Request(url, { signal: abort.signal }));
    abort.abort(new Error('enough'));
    expect(await waiting.catch((error: Error) => error.message)).to.equal('enough');
  });
});

describe('the batches of the client', () => {
  it('keep the results that arrived, and the keys of the rest, if the service goes away', async () => {
    let sent = 0;
    const send = async () => {
      sent += 1;
      if (sent > 1) throw new TypeError('connection refused');
      return new Response('{"line":1,"status":201,"order_id":"o","version":1}\n{"line":2,"sta');
    };
    const commands = [1, 2, 3].map((total_amount) => ({ command: 'place', total_amount }));
    const results: BatchResult[] = [];
    const failed = await (async () => {
      for await (const one of sendBatch(url, commands, { fetch: send, retries: false })) results.push(one);
    })().catch((error: unknown) => error);
    expect(results.map(({ command }) => command.total_amount)).to.deep.equal([1]);
    expect(failed).to.be.instanceOf(BatchBroken);
    const { rest } = failed as BatchBroken;
    expect(rest.map(({ total_amount }) => total_amount)).to.deep.equal([2, 3]);
    for (const { idempotency_key } of rest) expect(idempotency_key).to.have.length(36);
  });
});

describe('the positions of the client', () => {
  it('are those of the order that is read, or else the last of all', () => {
    const positions = new Positions();
    expect(positions.for(undefined)).to.equal(undefined);
    positions.note('a', '1:5');
    positions.note('b', '2:7');
    expect([positions.for('a'), positions.for('b'), positions.for('c'), positions.for(undefined)]).to.deep.equal([
      '1:5',
      '2:7',
      undefined,
      '2:7',
    ]);
    positions.note('a', '1:4');
    expect(positions.for('a'), 'after a response that was overtaken').to.equal('1:5');
    for (let nth = 0; nth < 10_000; nth += 1) positions.note(`o-${nth}`, '3:1');
    expect(positions.for('a')).to.equal(undefined);
    positions.clear();
    expect([positions.for('o-9'), positions.for(undefined)]).to.deep.equal([undefined, undefined]);
  });
});

describe('the event streams of the client', () => {
  async function read(...chunks: string[]): Promise<Partial<Message>[]> {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    });
    const messages: Partial<Message>[] = [];
    for await (const message of messagesOf(body)) messages.push(JSON.parse(JSON.stringify(message)));
    return messages;
  }

  it('yield messages however their bytes arrive, and those that only carry an id', async () => {
    const text =
      ': hello\n\nid: 1\n\nretry: 500\n\nevent: reset\r\nid: 2\r\ndata: {"a":\r\ndata: "ü"}\r\n\r\ndata:x\n\ndata: cut';
    const expected = [{ id: '1' }, { retryMs: 500 }, { event: 'reset', id: '2', data: '{"a":\n"ü"}' }, { data: 'x' }];
    expect(await read(text)).to.deep.equal(expected);
    expect(await read(...text)).to.deep.equal(expected);
  });
});

describe('the webhooks of the client', () => {
  it('returns a message that is signed, and throws if it was changed or is old', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const text = JSON.stringify({
      type: 'OrderPlaced',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { order_id: 'o' },
    });
    const sign = (at: Date) => ({
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('evt_1', at, text),
    });
    const headers = sign(new Date());
    expect(verifyWebhook(secret, text, headers).data.order_id).to.equal('o');
    expect(verifyWebhook(secret, new TextEncoder().encode(text), new Headers(headers)).type).to.equal('OrderPlaced');
    expect(() => verifyWebhook(secret, text.replace('o"', 'x"'), headers)).to.throw();
    expect(() => verifyWebhook(secret, text, sign(new Date(Date.now() - 3_600_000)))).to.throw();
    expect(() => verifyWebhook(secret, text, {})).to.throw();
  });
});
