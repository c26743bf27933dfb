import { expect } from 'chai';
import { Registry } from 'prom-client';
import { createRequestDurations } from '../../../src/http/middleware/request-durations.js';

describe('The histogram of request durations', () => {
  it('the histogram contains every request at each scrape, for any number of requests in between', async () => {
    const registry = new Registry();
    const observe = createRequestDurations(registry);
    const counted = async () =>
      /http_request_duration_seconds_count\{.*\} (\d+)/.exec(await registry.metrics())?.[1] ?? '0';
    let sent = 0;
    for (const more of [0, 1, 511, 0, 512, 1_300]) {
      for (let nth = 0; nth < more; nth += 1) {
        observe.request({ method: 'GET', route: '/orders', status: 200, seconds: 0.5 });
        observe.stream({ method: 'GET', route: '/orders/stream', status: 200, seconds: 50 });
      }
      sent += more;
      expect(await counted()).to.equal(String(sent));
    }
    expect(await registry.metrics()).to.include(
      `http_request_duration_seconds_bucket{le="0.5",method="GET",route="/orders",status="200"} ${sent}`,
    );
    expect(await registry.metrics(), 'streams are apart').to.include(
      `http_stream_duration_seconds_count{method="GET",route="/orders/stream",status="200"} ${sent}`,
    );
  });
});
