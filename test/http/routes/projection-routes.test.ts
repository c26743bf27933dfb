import { expect } from 'chai';
import { metrics as metricsModel } from '../../../src/read-models/metrics.js';
import { eventually } from '../../support/servers.js';
import { call, useService } from '../../support/service.js';

describe('/projections', () => {
  const service = useService();
  const state = async (name: string) => {
    const { body } = await call(service, 'GET', '/projections');
    return body.projections.find((one) => one.name === name);
  };

  it('a requested rebuild gets 202, and then the next generation becomes live', async () => {
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
    for (let nth = 0; nth < 20; nth += 1) await call(service, 'POST', '/orders', order);
    const { status, headers, body } = await call(service, 'POST', '/projections/metrics/rebuild');
    expect([status, headers.get('location'), body.requested]).to.deep.equal([202, '/projections', true]);
    await eventually('the flip', async () => (await state('metrics'))?.generation === 2);
    const metrics = await state('metrics');
    expect(metrics).to.include({ rebuild: null, state: 'live', lag: 0, version: metricsModel.version });
    expect((await call(service, 'GET', '/orders/metrics')).body.total_orders).to.equal(20);
    expect((await call(service, 'POST', '/orders', order)).status).to.equal(201);
    expect((await call(service, 'GET', '/orders/metrics')).body.total_orders).to.equal(21);
  });

  it('the history of rebuilds says who requested each, when it ended, and with which result', async () => {
    const { body } = await call(service, 'GET', '/projections/metrics/rebuilds');
    expect(body.rebuilds).to.have.length(1);
    const { generation, requested_by, requested_at, ended_at, duration_seconds, result } = body.rebuilds[0]!;
    expect([generation, requested_by, result]).to.deep.equal([2, 'anonymous', 'live']);
    expect(Date.parse(ended_at)).to.be.at.least(Date.parse(requested_at));
    expect(duration_seconds).to.be.within(0, 60);
    expect((await call(service, 'GET', '/projections/order-lookup/rebuilds')).body.rebuilds).to.deep.equal([]);
  });

  it('an unknown projection and a rebuild that is not running get 404', async () => {
    const unknown = await call(service, 'POST', '/projections/revenue/rebuild');
    expect([unknown.status, unknown.problem.type]).to.deep.equal([404, '/problems/projection-not-found']);
    const idle = await call(service, 'DELETE', '/projections/metrics/rebuild');
    expect([idle.status, idle.problem.type]).to.deep.equal([404, '/problems/rebuild-not-found']);
  });

  it('the stream of projections sends their state at once and whenever it changes', async () => {
    const abort = new AbortController();
    const response = await fetch(`${service.url}/projections`, {
      headers: { accept: 'text/event-stream' },
      signal: abort.signal,
    });
    expect(response.headers.get('content-type')).to.match(/^text\/event-stream/);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (isEnough: () => boolean) => {
      while (!isEnough()) text += (await reader.read()).value ?? '';
    };
    const seen = () =>
      [...text.matchAll(/event: projections\ndata: (.*)\n\n/g)].map(
        ([, data = '']) => JSON.parse(data).projections as { name: string; generation: number }[],
      );
    await until(() => seen().length > 0);
    const before = seen()[0]?.find(({ name }) => name === 'order-history')?.generation ?? 0;
    await call(service, 'POST', '/projections/order-history/rebuild');
    await until(() => seen().some((all) => all.some((one) => one.name === 'order-history' && one.generation > before)));
    expect(text).to.match(/^retry: \d+\n\n/);
    abort.abort();
    await reader.cancel().catch(() => undefined);
  });
});
