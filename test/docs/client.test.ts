import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import type { BatchCommand } from '../../client/batch.js';
import * as batch from '../../client/batch.js';
import { readChanges } from '../../client/changes.js';
import { createOrdersClient } from '../../client/orders-client.js';
import * as pages from '../../client/pages.js';
import { blocksRunBy } from '../support/block-runs.js';
import { streamsOf } from '../support/open-streams.js';
import { runTypeScript } from '../support/run-typescript.js';
import { eventually } from '../support/servers.js';
import { call, useService } from '../support/service.js';

const codeOf = (page: string) => blocksRunBy('test/docs/client.test.ts', page).map(({ code }) => code);
const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('the examples of the client', () => {
  const service = useService();

  it('client/README.md pays an order, lists it, sends a batch, follows a change and verifies a message', async () => {
    const secret = `whsec_${Buffer.from('a secret of a webhook').toString('base64')}`;
    const rawBody = JSON.stringify({ type: 'OrderPaid', timestamp: '', data: { order_id: 'of the webhook' } });
    const now = new Date();
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('evt_1', now, rawBody),
    };
    const printed: string[] = [];
    const print = (...args: unknown[]) => printed.push(args.join(' '));
    const code = codeOf('client/README.md').join('\n').replaceAll('http://127.0.0.1:3000', service.url);
    const running = runTypeScript(code, {
      console: { log: print, warn: print, error: print },
      process: { env: { ORDERS_WEBHOOK_SECRET: secret } },
      rawBody,
      request: { headers },
    });
    // The stream begins when it is opened: the example receives a change that is made after that.
    await Promise.race([running, eventually('the stream', async () => (await streamsOf(service)) === 1)]);
    const { body } = await call(service, 'POST', '/orders', order);
    await running;
    const [paid, listed, updated, ...others] = printed;
    expect(paid).to.equal('paid');
    expect(listed).to.match(/^[0-9a-f-]{36} 0$/);
    expect(updated).to.equal(listed?.replace(/ 0$/, ' pending'));
    expect(others).to.deep.equal([`OrderPlaced ${body.order_id}`, 'OrderPaid of the webhook']);
  });

  it('docs/http-guide.md does in TypeScript what it does with curl', async () => {
    const client = createOrdersClient(service.url);
    const { data } = await client.POST('/orders', { body: order });
    const order_id = data?.order_id ?? '';
    let cursor = '';
    for await (const page of pages.updatedOrders(client, { updated_since: '2020-01-01T00:00:00Z' }))
      cursor = page.cursor;
    const lastEventId = await idOfNextChange();

    const printed: unknown[] = [];
    const stored: { orders: { order_id: string }[]; cursor: string }[] = [];
    const reported: unknown[][] = [];
    const handled: unknown[] = [];
    async function* commands(): AsyncGenerator<BatchCommand> {
      yield { command: 'note', order_id, text: 'second' };
    }
    const given = {
      ...{
        client,
        order_id,
        cursor,
        url: service.url,
        lastEventId,
        commands: commands(),
        ...batch,
        ...pages,
        readChanges,
      },
      console: { log: (text: unknown) => printed.push(text) },
      store: async (orders: { order_id: string }[], next: string) => stored.push({ orders, cursor: next }),
      report: (...args: unknown[]) => reported.push(args),
      handle: (message: unknown) => {
        handled.push(message);
        throw new Error('enough');
      },
    };
    const blocks = codeOf('docs/http-guide.md');
    expect(blocks).to.have.length(6);
    const [pay = '', process = '', list = '', copy = '', send = '', follow = ''] = blocks;
    const orderNow = async () => (await client.GET('/orders/{order_id}', { params: { path: { order_id } } })).data;
    await runTypeScript(pay, given);
    expect(await orderNow()).to.include({ payment_status: 'paid', version: 2 });
    await runTypeScript(process, given);
    expect(await orderNow()).to.include({ status: 'processing', version: 3 });
    await runTypeScript(list, given);
    expect(printed).to.include(order_id);
    await runTypeScript(copy, given);
    expect(stored.flatMap(({ orders }) => orders).map((one) => one.order_id)).to.include(order_id);
    await runTypeScript(send, given);
    expect(reported).to.have.length(1);
    expect(reported[0]?.[1]).to.include({ status: 200, order_id });
    const ended = await runTypeScript(follow, given).catch((error: Error) => error.message);
    expect(ended).to.equal('enough');
    expect(handled).to.have.deep.nested.property('[0].change.type', 'OrderPaid');
  });

  /** Places an order while a stream is open. Resolves with the id of the stream's message. */
  async function idOfNextChange(): Promise<string | undefined> {
    await eventually('earlier streams to end', async () => (await streamsOf(service)) === 0);
    const changes = readChanges(service.url);
    const next = changes.next();
    await eventually('the stream', async () => (await streamsOf(service)) === 1);
    await call(service, 'POST', '/orders', order);
    const { value } = await next;
    await changes.return(undefined);
    return value?.id;
  }
});
