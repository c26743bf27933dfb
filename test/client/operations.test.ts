import { expect } from 'chai';
import { createOrdersClient } from '../../client/orders-client.js';
import { type OperationId, operations } from '../../src/http/contract/operations.js';
import { eventually } from '../support/servers.js';
import { useService } from '../support/service.js';

describe('the generated client', () => {
  const service = useService();

  it('the generated client calls every operation of the API', async () => {
    const client = createOrdersClient(service.url);
    const visited = new Set<string>();
    client.use({
      onRequest: ({ schemaPath, request }) => {
        visited.add(`${request.method.toLowerCase()} ${schemaPath}`);
      },
    });
    const text = { parseAs: 'text' } as const;
    /** The data of a response, which must be a success. */
    const good = <Data>({ data, error, response }: { data?: Data; error?: unknown; response: Response }): Data => {
      expect(response.ok, `${response.url}: ${response.status} ${JSON.stringify(error)}`).to.equal(true);
      return data as Data;
    };

    const header = { 'Idempotency-Key': 'tour-1', Prefer: 'wait=10' };
    const body = { user_id: 'u-1', item_ids: ['a', 'b'], total_amount: 20 };
    const placed = good(await client.POST('/orders', { params: { header }, body }));
    const again = await client.POST('/orders', { params: { header }, body });
    expect([again.data?.order_id, again.response.headers.get('idempotency-replayed')]).to.deep.equal([
      placed.order_id,
      'true',
    ]);
    expect(good(await client.POST('/streams/tickets')).ticket).to.have.length(43);
    const path = { order_id: placed.order_id };
    const at = (version: number) => ({ path, header: { 'If-Match': `"${version}"` } });

    good(
      await client.POST('/orders/{order_id}/amend', {
        params: at(1),
        body: { item_ids: ['a'], total_amount: '10.00', reason: 'r' },
      }),
    );
    good(await client.POST('/orders/{order_id}/pay', { params: at(2), body: { amount: 10 } }));
    good(await client.POST('/orders/{order_id}/hold', { params: at(3), body: { reason: 'r' } }));
    good(await client.POST('/orders/{order_id}/release', { params: at(4), body: { reason: 'r' } }));
    good(await client.POST('/orders/{order_id}/process', { params: at(5) }));
    good(await client.POST('/orders/{order_id}/ship', { params: at(6), body: { carrier: 'DHL' } }));
    const tracking = { shipment_id: '1', tracking_number: 'T-1' };
    good(await client.POST('/orders/{order_id}/track', { params: at(7), body: tracking }));
    good(await client.POST('/orders/{order_id}/deliver', { params: at(8), body: { shipment_id: '1' } }));
    good(await client.POST('/orders/{order_id}/return', { params: at(9), body: { reason: 'r' } }));
    good(await client.POST('/orders/{order_id}/refund', { params: at(10), body: { amount: 4, reason: 'r' } }));
    const noted = good(await client.POST('/orders/{order_id}/note', { params: at(11), body: { text: 'done' } }));
    expect([noted.status, noted.payment_status, noted.version]).to.deep.equal(['returned', 'partially_refunded', 12]);
    const second = good(await client.POST('/orders', { body: { ...body, currency: 'EUR' } }));
    good(
      await client.POST('/orders/{order_id}/credit', {
        params: { path: { order_id: second.order_id } },
        body: { amount: 5, reason: 'r' },
      }),
    );
    good(
      await client.POST('/orders/{order_id}/cancel', {
        params: { path: { order_id: second.order_id } },
        body: { reason: 'r' },
      }),
    );
    const late = await client.POST('/orders/{order_id}/cancel', { params: { path }, body: { reason: 'r' } });
    expect([late.response.status, late.error?.type]).to.deep.equal([409, '/problems/invalid-transition']);

    const lines = `${JSON.stringify({ command: 'place', ...body })}\n`;
    const batch = await client.POST('/orders/batch', {
      ...text,
      headers: { 'content-type': 'application/x-ndjson' },
      bodySerializer: () => lines,
      body: { command: 'place' },
    });
    expect(JSON.parse(String(good(batch)))).to.include({ line: 1, status: 201 });

    expect(good(await client.GET('/orders/{order_id}', { params: { path } })).version).to.equal(12);
    const then = good(await client.GET('/orders/{order_id}', { params: { path, query: { version: 2 } } }));
    expect(then.total_amount).to.equal(10);
    const { allowed_commands: allowed } = good(await client.GET('/orders/{order_id}/commands', { params: { path } }));
    expect(allowed).to.deep.equal(['amend', 'pay', 'track', 'refund', 'note']);
    const list = good(await client.GET('/orders', { params: { query: { user_id: 'u-1', limit: 2 } } }));
    expect([list.orders.length, typeof list.next_cursor]).to.deep.equal([2, 'string']);
    const found = good(await client.GET('/orders/lookup', { params: { query: { q: placed.order_id } } }));
    expect(found.orders.map(({ matched_by }) => matched_by)).to.deep.equal([['order_id']]);
    const history = good(await client.GET('/orders/{order_id}/history', { params: { path } }));
    expect('events' in history && history.events.length).to.equal(12);
    const figures = good(await client.GET('/orders/metrics', { params: { query: { interval: 'month' } } }));
    expect([figures.total_orders, figures.revenue.gross, figures.series?.length]).to.deep.equal([2, 30, 1]);
    const stream = await client.GET('/orders/stream', { parseAs: 'stream', headers: { accept: 'text/event-stream' } });
    await good(stream)?.cancel();

    good(await client.GET('/projections'));
    const name = { path: { name: 'metrics' } };
    expect(good(await client.POST('/projections/{name}/rebuild', { params: name })).requested).to.equal(true);
    await eventually('the rebuild', async () =>
      good(await client.GET('/projections')).projections.every(({ rebuild }) => !rebuild),
    );
    const cancelled = await client.DELETE('/projections/{name}/rebuild', { params: name });
    expect(cancelled.response.status).to.equal(404);
    expect((await client.POST('/projections/{name}/resume', { params: name })).response.status).to.equal(204);
    const skip = await client.POST('/projections/{name}/skip', {
      params: name,
      body: { partition: 0, position: 1, reason: 'r' },
    });
    expect(skip.error?.type).to.equal('/problems/not-stopped');
    expect(good(await client.POST('/projections/{name}/dry-run', { params: name })).is_new).to.equal(true);
    expect(good(await client.GET('/projections/{name}/dry-run', { params: name })).runs).to.have.length(1);
    expect(good(await client.GET('/projections/{name}/rebuilds', { params: name })).rebuilds).to.have.length(1);
    const noRun = { path: { name: 'metrics', run_id: placed.order_id } };
    const idle = await client.DELETE('/projections/{name}/dry-run/{run_id}', { params: noRun });
    expect(idle.error?.type).to.equal('/problems/run-not-found');
    const unverified = await client.DELETE('/audit/verifications/{run_id}', {
      params: { path: { run_id: placed.order_id } },
    });
    expect(unverified.error?.type).to.equal('/problems/run-not-found');
    const log = good(await client.GET('/audit/events', { params: { query: { order_id: placed.order_id, limit: 1 } } }));
    expect([log.events[0]?.type, log.next_after]).to.deep.equal(['OrderPlaced', 1]);
    expect(good(await client.POST('/audit/verifications', { body: {} })).is_new).to.equal(true);
    expect(good(await client.GET('/audit/verifications')).runs).to.have.length(1);
    const made = good(await client.POST('/keys', { body: { name: 'tour', scopes: ['orders:read'] } }));
    expect(good(await client.GET('/keys')).keys.map(({ key_id }) => key_id)).to.deep.equal([made.key_id]);
    const revoked = await client.DELETE('/keys/{key_id}', { params: { path: { key_id: made.key_id } } });
    expect(revoked.response.status).to.equal(204);
    expect(good(await client.GET('/system')).processes.map(({ is_this }) => is_this)).to.deep.equal([true]);
    const unsigned = await client.GET('/audit/checkpoint');
    expect(unsigned.error?.type).to.equal('/problems/no-signing-key');
    expect(good(await client.GET('/.well-known/jwks.json')).keys).to.deep.equal([]);

    const webhook = good(
      await client.POST('/webhooks', { body: { url: 'https://shop.example/hook', event_types: ['OrderPaid'] } }),
    );
    const hook = { path: { webhook_id: webhook.webhook_id } };
    expect(webhook.secret).to.match(/^whsec_/);
    expect(good(await client.GET('/webhooks')).webhooks).to.have.length(1);
    expect(good(await client.GET('/webhooks/{webhook_id}', { params: hook }))).not.to.have.property('secret');
    good(await client.POST('/webhooks/{webhook_id}/state', { params: hook, body: { state: 'paused' } }));
    expect(good(await client.POST('/webhooks/{webhook_id}/rotate-secret', { params: hook })).secret).not.to.equal(
      webhook.secret,
    );
    expect(good(await client.GET('/webhooks/{webhook_id}/dead-letters', { params: hook })).dead_letters).to.deep.equal(
      [],
    );
    expect(
      good(await client.POST('/webhooks/{webhook_id}/dead-letters/replay', { params: hook, body: {} })).replayed,
    ).to.equal(0);
    expect(good(await client.GET('/webhooks/{webhook_id}/deliveries', { params: hook })).deliveries).to.deep.equal([]);
    // The name does not exist: the test fails, and its error says why.
    expect(good(await client.POST('/webhooks/{webhook_id}/test', { params: hook }))).to.include({ accepted: false });
    expect((await client.DELETE('/webhooks/{webhook_id}', { params: hook })).response.status).to.equal(204);

    expect(good(await client.GET('/health/live')).status).to.equal('live');
    expect(good(await client.GET('/health/ready')).status).to.equal('ready');
    expect(good(await client.GET('/health')).status).to.equal('ok');
    good(await client.GET('/metrics', text));
    good(await client.GET('/'));
    good(await client.GET('/web/{file}', { ...text, params: { path: { file: 'icon.svg' } } }));
    expect(good(await client.GET('/access'))).to.deep.equal({ required: false, oidc: null });
    expect(good(await client.GET('/access/caller')).subject).to.equal('anonymous');
    good(await client.GET('/openapi.json'));
    good(await client.GET('/docs', text));
    const problems = good(await client.GET('/problems'));
    expect(problems.map(({ type }) => type)).to.include('/problems/validation');
    good(await client.GET('/problems/{problem}', { ...text, params: { path: { problem: 'validation' } } }));

    const all = (Object.keys(operations) as OperationId[]).map(
      (id) => `${operations[id].method} ${operations[id].path}`,
    );
    expect([...visited].toSorted()).to.deep.equal(all.toSorted());
  });
});
