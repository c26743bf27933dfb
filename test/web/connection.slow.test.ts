import { expect } from 'chai';
import { describeInBrowser } from '../support/browser.js';
import { eventually } from '../support/servers.js';
import { call, useService } from '../support/service.js';

describeInBrowser('A page of the console whose requests fail', (browser) => {
  const service = useService();

  it('shows the last message of a stream that has ended, until a later read succeeds', async () => {
    const { body } = await call(service, 'GET', '/projections');
    const withGeneration = (generation: number) =>
      JSON.stringify({ ...body, projections: body.projections.map((one) => ({ ...one, generation })) });
    const page = await browser.open(`${service.url}/#/log`);
    let send: () => void = () => undefined;
    const isShown = new Promise<void>((resolve) => {
      send = resolve;
    });
    let streams = 0;
    let hasSent = false;
    await page.route('**/projections', async (route) => {
      if (route.request().headers().accept !== 'text/event-stream') {
        // The reads after the stream's message get no response.
        if (!hasSent) await route.fulfill({ contentType: 'application/json', body: withGeneration(7) });
        return;
      }
      streams += 1;
      if (streams > 1) return;
      await isShown;
      hasSent = true;
      const text = `event: projections\ndata: ${withGeneration(8)}\n\n`;
      await route.fulfill({ contentType: 'text/event-stream', body: text });
    });
    await page.goto(`${service.url}/#/projections`);
    await page.getByText('generation 7.').first().waitFor();
    send();
    await page.getByText('generation 8.').first().waitFor();
    await eventually('another attempt to connect', () => streams === 2);
    expect(await page.getByText('generation 7.').count()).to.equal(0);
  });

  it('says that an order has no news while its changes cannot be read, although its stream is connected', async () => {
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
    const { body } = await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    const page = await browser.open(`${service.url}/#/orders/${body.order_id}`);
    await page.getByText('Live', { exact: true }).waitFor();
    const health = (await call(service, 'GET', '/health')).body;
    const checks = { ...health.checks, read_models: 'down' };
    const broken = { status: 503, contentType: 'application/json', body: JSON.stringify({ ...health, checks }) };
    await page.route('**/health', (route) => route.fulfill(broken));
    await page.getByText('No news: changes cannot be read').waitFor();
    expect(await page.getByText('Live', { exact: true }).count()).to.equal(0);
    await page.unroute('**/health');
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('reads a list again after a failure, although its stream is connected', async () => {
    const page = await browser.open(`${service.url}/#/orders`);
    await page.getByText('Live', { exact: true }).waitFor();
    let reads = 0;
    await page.route(/\/orders\?/, (route) => {
      reads += 1;
      if (reads > 1) return route.continue();
      const problem = {
        type: '/problems/overloaded',
        title: 'The service is overloaded',
        status: 503,
        detail: 'Busy.',
      };
      return route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) });
    });
    const order = { user_id: 'u', reference: '#again-1', item_ids: ['a'], total_amount: 1 };
    await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    await page.getByRole('link', { name: '#again-1' }).waitFor();
    expect(reads).to.be.greaterThan(1);
    expect(browser.errors).to.deep.equal([]);
  });
});
