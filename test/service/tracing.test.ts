import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** A collector of spans (OTLP over HTTP), and a receiver of webhooks. */
async function startCollector() {
  const spans: Span[] = [];
  const received: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      if (request.url === '/v1/traces') {
        for (const { scopeSpans } of JSON.parse(text).resourceSpans) {
          for (const scope of scopeSpans) spans.push(...scope.spans);
        }
      } else received.push(request.headers.traceparent as string | undefined);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, spans, received, stop: () => server.close() };
}

describe('Traces', () => {
  let log: TestLog;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  before(async () => {
    log = await createTestLog(2);
    collector = await startCollector();
  });
  after(async () => {
    collector.stop();
    await log.close();
  });

  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const caller = 'b7ad6b7169203331';
  const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };

  it('lead from the request by its command and append to the projection step and the webhook', async () => {
    const service = await startLocalService(log, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes',
    });
    await call(service, 'POST', '/webhooks', { url: `${collector.url}/hook` });
    const headers = { traceparent: `00-${traceId}-${caller}-01` };
    const { body } = await call(service, 'POST', '/orders', order, headers);
    await eventually('the webhook', () => collector.received.length > 0);
    await call(service, 'GET', '/health/ready');
    await service.stop();

    const spans = collector.spans.filter((span) => span.traceId === traceId);
    const named = (name: string) => spans.filter((span) => span.name === name);
    const [request, command, append] = ['POST /orders', 'command place', 'append'].map((name) => named(name)[0]);
    expect(request?.parentSpanId).to.equal(caller);
    expect(command?.parentSpanId).to.equal(request?.spanId);
    expect(append?.parentSpanId).to.equal(command?.spanId);
    const later = [...named('projection step'), ...named('webhook')];
    expect(later).to.have.length(2);
    for (const span of later) expect(span.parentSpanId, span.name).to.equal(request?.spanId);
    expect(collector.received).to.deep.equal([`00-${traceId}-${named('webhook')[0]?.spanId}-01`]);
    expect(collector.spans.map(({ name }) => name)).not.to.include('GET /health/ready');

    const { rows } = await log.owner.query(`select metadata from events where order_id = $1`, [body.order_id]);
    expect(rows[0]?.metadata).to.include({ correlation_id: traceId, causation_id: request?.spanId });
  });

  it('are not made for a request that its caller has not sampled, nor without an endpoint', async () => {
    const headers = { traceparent: `00-${'1'.repeat(32)}-${caller}-00` };
    const traced = await startLocalService(log, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await call(traced, 'POST', '/orders', order, headers);
    await traced.stop();
    expect(collector.spans.filter((span) => span.traceId === '1'.repeat(32))).to.deep.equal([]);
    const before = collector.spans.length;
    const untraced = await startLocalService(log);
    const { body } = await call(untraced, 'POST', '/orders', order, { traceparent: `00-${traceId}-${caller}-01` });
    await untraced.stop();
    expect(collector.spans.length).to.equal(before);
    const { rows } = await log.owner.query(`select metadata from events where order_id = $1`, [body.order_id]);
    expect(rows[0]?.metadata).to.include({ correlation_id: traceId, causation_id: caller });
  });
});
