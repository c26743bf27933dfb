import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect } from 'chai';
import { examples } from '../../../src/http/contract/examples.js';
import { openApiDocument } from '../../../src/http/contract/openapi.js';
import { projectPath } from '../../../src/project-path.js';
import { clientTypes } from '../../support/client-types.js';
import { call, useService } from '../../support/service.js';

interface DescribedOperation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
}

describe('the OpenAPI document', () => {
  const service = useService({ ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'no' });

  it('is served, and is what the code makes of its table of operations', async () => {
    const { body } = await call(service, 'GET', '/openapi.json');
    expect(body).to.deep.equal(JSON.parse(JSON.stringify(openApiDocument())));
    expect(body.openapi).to.match(/^3\.1\./);
  });

  it('has nothing that a strict linter objects to', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] });
    const source = JSON.stringify(openApiDocument());
    const found = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    expect(found.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).to.deep.equal([]);
    const broken = await lintFromString({
      source: source.replace('"operationId":"placeOrder"', '"operationId":"payOrder"'),
      absoluteRef: 'openapi.json',
      config,
    });
    expect(broken, 'the linter does look').not.to.be.empty;
  });

  it('says which query parameters a request must have, and a request without one is refused', async () => {
    const found: string[] = [];
    const paths = openApiDocument().paths as Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
    for (const [path, methods] of Object.entries(paths)) {
      for (const { name } of methods.get?.parameters?.filter((one) => one.in === 'query' && one.required) ?? []) {
        const { problem } = await call(service, 'GET', path);
        expect(problem.errors?.map(({ pointer }) => pointer)).to.deep.equal([`/query/${name}`]);
        found.push(`${path}?${name}`);
      }
    }
    expect(found).to.deep.equal(['/orders/lookup?q']);
  });

  it('is what the types of the client are made from', async () => {
    expect(readFileSync(projectPath('client/schema.d.ts'), 'utf8'), 'npm run client').to.equal(await clientTypes());
  });

  it('is shown at /docs, with nothing from another host', async () => {
    const page = await call(service, 'GET', '/docs');
    expect(page.headers.get('content-security-policy')).to.match(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    // The icon, the styles, the script, two scripts that it loads, and the document.
    expect(loaded).to.have.length(6);
    for (const path of loaded.filter((one) => one !== '/openapi.json')) {
      expect(path).to.match(/^\/web\//);
      const file = await call(service, 'GET', path);
      expect([file.status, file.text.length > 50], path).to.deep.equal([200, true]);
    }
    expect((await call(service, 'GET', '/web/reference.html')).status).to.equal(404);
  });

  describe('has examples that are taken as they are:', () => {
    const order = { item_ids: ['shirt', 'shirt', 'mug'], total_amount: 59.98, user_id: 'u-1' };
    /** The commands that an order needs before the example of a command is accepted. */
    const shipped: readonly [string, object][] = [
      ['process', {}],
      ['ship', {}],
    ];
    const before: Record<string, readonly [string, object][]> = {
      deliver: shipped,
      refund: [['pay', {}]],
      release: [['hold', { reason: 'r' }]],
      return: shipped,
      ship: [['process', {}]],
      track: shipped,
    };
    for (const [name, bodies] of Object.entries(examples)) {
      for (const [summary, body] of Object.entries(bodies)) {
        it(`${name}: ${summary}`, async () => {
          if (name === 'place') {
            expect((await call(service, 'POST', '/orders', body)).status).to.equal(201);
          } else if (name === 'webhook') {
            expect((await call(service, 'POST', '/webhooks', body)).status).to.equal(201);
          } else if (name === 'webhookState' || name === 'replayDeadLetters') {
            const { webhook_id: id } = (await call(service, 'POST', '/webhooks', { url: 'https://shop.example/' }))
              .body;
            const path = name === 'webhookState' ? 'state' : 'dead-letters/replay';
            expect((await call(service, 'POST', `/webhooks/${id}/${path}`, body)).status).to.be.oneOf([200, 202]);
          } else if (name === 'createKey') {
            expect((await call(service, 'POST', '/keys', body)).status).to.equal(201);
          } else if (name === 'verification') {
            expect((await call(service, 'POST', '/audit/verifications', body)).status).to.equal(202);
          } else if (name === 'skipEvent') {
            // Nothing has stopped here.
            expect((await call(service, 'POST', '/projections/metrics/skip', body)).status).to.equal(409);
          } else {
            const { order_id: id } = (await call(service, 'POST', '/orders', order)).body;
            for (const [command, first] of before[name] ?? [])
              await call(service, 'POST', `/orders/${id}/${command}`, first);
            const { status, text } = await call(service, 'POST', `/orders/${id}/${name}`, body);
            expect(status, text).to.equal(200);
          }
        });
      }
    }
  });
});
