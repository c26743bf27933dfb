import { mock } from 'node:test';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { BatchBroken, BatchRefused, type BatchResult, sendBatch } from '../../client/batch.js';
import { readChanges } from '../../client/changes.js';
import { newIdempotencyKey } from '../../client/idempotency-keys.js';
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

describe('the Idempotency-Keys of the client', () => {
  it('are random, and need nothing that only secure pages have', () => {
    // Browsers leave it out in pages that came from another machine without TLS.
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
    try {
      const keys = Array.from({ length: 100 }, newIdempotencyKey);
      expect(new Set(keys).size).to.equal(100);
      for (const key of keys) expect(key).to.match(/^[\da-f]{32}$/);
    } finally {
      Reflect.deleteProperty(crypto, 'randomUUID');
    }
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
    for (const { idempotency_key } of rest) expect(idempotency_key).to.match(/^[\da-f]{32}$/);
  });

  const place = [1, 2, 3].map((total_amount) => ({ command: 'place', total_amount }));
  const done = (line: number) => `{"line":${line},"status":201,"order_id":"o","version":1}\n`;
  const ended = (line: number, name: string, status: number) =>
    `{"line":${line},"status":${status},"problem":{"type":"/problems/${name}","title":"t","status":${status},"detail":"d"}}\n`;
  /** Sends the commands to a service that responds with these bodies, or these statuses. */
  async function run(responses: readonly (string | number)[], options: Parameters<typeof sendBatch>[2] = {}) {
    const sent: Request[] = [];
    const send = async (request: Request) => {
      sent.push(request);
      const next = responses[sent.length - 1] ?? '';
      return typeof next === 'number' ? new Response('no', { status: next }) : new Response(next);
    };
    const results: BatchResult[] = [];
    const error: unknown = await (async () => {
      for await (const one of sendBatch(url, place, { fetch: send, ...options })) results.push(one);
    })().catch((thrown: unknown) => thrown);
    return { sent, results, error };
  }

  it('that the service does not accept fail with its status, and are not sent again', async () => {
    for (const status of [400, 401, 403, 413, 415]) {
      const { sent, results, error } = await run([status]);
      expect(error).to.be.instanceOf(BatchRefused);
      const { status: refused, rest } = error as BatchRefused;
      expect([sent.length, results.length, refused, rest.length]).to.deep.equal([1, 0, status, 3]);
    }
    const { sent, results, error } = await run([done(1) + ended(2, 'unauthenticated', 401)]);
    expect([sent.length, results.length, (error as BatchRefused).rest.length]).to.deep.equal([1, 1, 2]);
  });

  it('that the service ends early continue with the first line that was not handled', async () => {
    const { sent, results, error } = await run([done(1) + ended(2, 'results-not-read', 413), done(1) + done(2)], {
      retries: { maxWaitMs: 0 },
    });
    expect(error).to.equal(undefined);
    expect(results.map(({ command, result }) => [command.total_amount, result.line, result.status])).to.deep.equal([
      [1, 1, 201],
      [2, 2, 201],
      [3, 3, 201],
    ]);
    expect((await sent[1]?.text())?.trim().split('\n')).to.have.length(2);
  });

  it('pause before they are sent again, and end at a signal', async () => {
    const abort = new AbortController();
    abort.abort(new Error('enough'));
    const { sent, error } = await run([done(1), done(1) + done(2)], { signal: abort.signal });
    expect(sent).to.have.length(1);
    expect(error).to.be.instanceOf(BatchBroken);
    expect(((error as BatchBroken).cause as Error).message).to.equal('enough');
  });

  it('carry the preference of the caller', async () => {
    const { sent } = await run([done(1) + done(2) + done(3)], { prefer: 'respond-async' });
    expect(sent.map(({ headers }) => headers.get('prefer'))).to.deep.equal(['respond-async']);
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

  describe('that fall silent', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
    afterEach(() => mock.timers.reset());

    /** A body, and what writes to it and breaks it. */
    function openBody() {
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(opened) {
          controller = opened;
        },
      });
      return {
        body,
        write: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
        fail: (reason: unknown) => controller?.error(reason),
      };
    }

    it('end after a time, which passes only while the next bytes are awaited', async () => {
      const { body, write } = openBody();
      const messages = messagesOf(body, 1_000);
      const first = messages.next();
      write('id: 1\n\n');
      expect((await first).value?.id).to.equal('1');
      mock.timers.tick(60_000);
      const second = messages.next();
      write('id: 2\n\n');
      expect((await second).value?.id).to.equal('2');
      const silent = messages.next().catch((error: Error) => error.message);
      mock.timers.tick(1_000);
      expect(await silent).to.equal('nothing arrived for 1000 ms');
    });

    it('a consumer that takes long with a change keeps its connection', async () => {
      const { body, write, fail } = openBody();
      let opened = 0;
      const send = async ({ signal }: Request) => {
        opened += 1;
        signal.addEventListener('abort', () => fail(signal.reason));
        return new Response(body);
      };
      const changes = readChanges(url, { fetch: send });
      const first = changes.next();
      write('id: 1\ndata: {}\n\n');
      expect((await first).value?.id).to.equal('1');
      mock.timers.tick(60_000);
      const second = changes.next();
      write('id: 2\ndata: {}\n\n');
      expect((await second).value?.id).to.equal('2');
      expect(opened).to.equal(1);
      await changes.return(undefined);
    });
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
