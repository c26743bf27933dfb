import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { blocksRunBy } from '../support/block-runs.js';
import { commandsOf, isShown } from '../support/console-blocks.js';
import { runTypeScript } from '../support/run-typescript.js';
import { eventually } from '../support/servers.js';
import { call, useService } from '../support/service.js';
import { hasProgram, Shell } from '../support/shell.js';

/** A request to the receiver, with its body. */
interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
}

const blocks = blocksRunBy('test/docs/webhooks.test.ts', 'docs/webhooks.md');
const codesOf = (wanted: string) => blocks.flatMap(({ language, code }) => (language === wanted ? [code] : []));

describe('docs/webhooks.md', () => {
  const service = useService({ ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes' });
  const [create = '', sign = ''] = codesOf('sh');
  const env: { ORDERS_WEBHOOK_SECRET?: string } = {};
  const received: Received[] = [];
  const remembered: unknown[][] = [];
  let receiver: Server | undefined;
  let shell: Shell;
  before(async () => {
    shell = await Shell.open(service);
  });
  after(async () => {
    receiver?.closeAllConnections();
    receiver?.close();
    await shell?.close();
  });

  /** Creates the receiver's server, at a free port, and keeps what it receives. */
  const http = {
    createServer: (listener: RequestListener) => {
      const server = createServer(listener);
      server.prependListener('request', (request: IncomingMessage) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => received.push({ request, body: Buffer.concat(chunks).toString() }));
      });
      receiver = server;
      return { listen: (port: number) => port === 8080 && server.listen(0, '127.0.0.1') };
    },
  };
  /** The request of an event, once it was delivered. */
  const delivered = () =>
    eventually('the delivery', () => received.find(({ body }) => body.includes('"type":"OrderShipped"')));

  it('the command creates a webhook and prints its secret', async () => {
    const [{ command } = { command: '' }] = commandsOf({ language: 'sh', code: create });
    expect(await shell.run(command)).to.match(/^whsec_\S+\n$/);
  });

  it('the receiver of the page takes a delivery, which has the form that the page shows', async () => {
    const [code = ''] = codesOf('ts');
    const remember = async (...args: unknown[]) => remembered.push(args);
    await runTypeScript(code, { process: { env }, remember }, { 'node:http': http });
    if (receiver === undefined) throw new Error('the receiver has not started');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/hooks`;
    const { body } = await call(service, 'POST', '/webhooks', { url, event_types: ['OrderShipped'] });
    env.ORDERS_WEBHOOK_SECRET = body.secret;
    const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
    const { order_id } = (await call(service, 'POST', '/orders', order)).body;
    await call(service, 'POST', `/orders/${order_id}/process`);
    await call(service, 'POST', `/orders/${order_id}/ship`, { carrier: 'DHL' });

    const { request, body: sent } = await delivered();
    const [id, message] = await eventually('the message in the queue', () => remembered[0]);
    expect(id).to.equal(request.headers['webhook-id']);
    expect(message).to.deep.equal(JSON.parse(sent));

    const [shown = ''] = codesOf('');
    const [head = '', shownBody = ''] = shown.split('\n\n');
    const [first, ...headers] = head.split('\n');
    expect(first).to.equal(`${request.method} ${request.url} HTTP/${request.httpVersion}`);
    for (const header of headers) {
      const [name = '', value = ''] = header.split(': ');
      expect(formOf(String(request.headers[name])), name).to.equal(formOf(value));
    }
    const varying = /"(\d{4}-\d\d-\d\dT[\d:.]+Z|\d+:\d+|shop)"/g;
    const wanted = shownBody.replaceAll(varying, '"…"').replaceAll(/\n */g, '');
    expect(isShown(wanted, sent), `the page shows\n${wanted}\nand the service sends\n${sent}`).to.equal(true);
  });

  it('a library of Standard Webhooks verifies the delivery as the page shows', async () => {
    const { request, body: rawBody } = await delivered();
    const [code = ''] = codesOf('js');
    const given = { process: { env }, rawBody, request };
    expect(await runTypeScript(`${code}\nreturn message;`, given)).to.deep.equal(JSON.parse(rawBody));
    const forged = runTypeScript(code, { ...given, rawBody: rawBody.replace('DHL', 'UPS') });
    expect(String(await forged.catch((error: Error) => error))).to.match(/No matching signature/);
  });

  it('openssl computes the signature of the delivery as the page shows', async function () {
    if (!(await hasProgram('openssl'))) this.skip();
    const { request, body: BODY } = await delivered();
    const header = (name: string) => String(request.headers[`webhook-${name}`]);
    const values = { SECRET: env.ORDERS_WEBHOOK_SECRET ?? '', ID: header('id'), TIMESTAMP: header('timestamp'), BODY };
    expect(await shell.run(sign, values)).to.equal(`${header('signature').replace('v1,', '')}\n`);
  });
});

/** The form of a header's value: its digits and its base64 replaced. */
function formOf(value: string): string {
  return value
    .replace(/^v1,[\w+/]{43}=$/, 'signature')
    .replace(/^evt_[0-9a-f]{8}_\d+_\d+$/, 'id')
    .replace(/^\d{10}$/, 'time');
}
