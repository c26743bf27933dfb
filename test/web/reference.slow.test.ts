import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { openApiDocument } from '../../src/http/contract/openapi.js';
import { describeInBrowser, expectAccessible, overflows } from '../support/browser.js';
import { call, useService } from '../support/service.js';

describeInBrowser('The reference of the API at /docs', (browser) => {
  const service = useService();
  const open = (place = '') => browser.open(`${service.url}/docs#/${place}`);
  const response = (page: Page) => page.getByRole('region', { name: 'Response', exact: true });

  it('shows the introduction and every operation, and finds an operation by its words', async () => {
    const page = await open();
    await page.getByRole('heading', { name: 'Order service', level: 1 }).waitFor();
    await page.getByRole('heading', { name: 'Idempotency' }).waitFor();
    await expectAccessible(page, 'the introduction');
    const navigation = page.getByRole('navigation', { name: 'Operations' });
    const { paths, webhooks } = openApiDocument() as { paths: object; webhooks: object };
    const operations = Object.values(paths).flatMap((methods: object) => Object.keys(methods)).length;
    const introduction = 1;
    expect(await navigation.getByRole('link').count()).to.equal(
      introduction + operations + Object.keys(webhooks).length,
    );
    await page.getByLabel('Find an operation').fill('refund money');
    await navigation.getByRole('link', { name: '/refund' }).click();
    await page.getByRole('heading', { name: /^Give money back/ }).waitFor();
    await expectAccessible(page, 'an operation');
  });

  it('sends a request as it is filled in, and shows the response', async () => {
    const page = await open('operations/placeOrder');
    await page.getByLabel('Idempotency-Key').fill('from-the-reference');
    await page.getByRole('button', { name: 'Send' }).click();
    await response(page).getByText('Status 201').waitFor();
    await response(page).getByText('"payment_status": "unpaid"').waitFor();
    await expectAccessible(page, 'a response');
    await page.getByRole('button', { name: 'Send' }).click();
    await response(page).getByText('Status 201').waitFor();
    await response(page).getByText('Headers').click();
    await response(page).getByText('idempotency-replayed: true').waitFor();
  });

  it('a batch can be tried: its results appear line by line', async () => {
    const page = await open('operations/runBatch');
    const line = '{"command": "place", "user_id": "u-1", "item_ids": ["a"], "total_amount": 1}';
    await page.getByLabel('Body: one command per line').fill(`${line}\n${line}\n`);
    await page.getByRole('button', { name: 'Send' }).click();
    await response(page).getByText('"line":2').waitFor();
  });

  it('a stream can be tried: it shows changes as they happen, until it is stopped', async () => {
    const page = await open('operations/streamOrders');
    await page.getByRole('button', { name: 'Send' }).click();
    await response(page).getByText('still open').waitFor();
    await call(service, 'POST', '/orders', { user_id: 'a-streamed-user', item_ids: ['a'], total_amount: 1 });
    await response(page).getByText('a-streamed-user').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    expect(await response(page).getByText('a-streamed-user').count()).to.equal(1);
  });

  it('a long response shows its start, and says that it is longer', async () => {
    const page = await open('operations/getServiceMetrics');
    await page.route('**/metrics', (route) => route.fulfill({ body: `the start ${'x'.repeat(150_000)}` }));
    await page.getByRole('button', { name: 'Send' }).click();
    await response(page).getByText('The response is longer: this is its start, 100,000 characters.').waitFor();
    await response(page).getByText('the start x').waitFor();
  });

  it('a key that is removed from its field is forgotten', async () => {
    const page = await open('operations/listOrders');
    const stored = () => page.evaluate<string | null>("sessionStorage.getItem('orders-credential')");
    await page.getByLabel('API key or token').fill('a-key');
    expect(await stored()).to.equal('a-key');
    await page.getByLabel('API key or token').fill('');
    expect(await stored()).to.equal(null);
  });

  it('fits a phone, works in the dark, and breaks no policy', async () => {
    const page = await browser.open(`${service.url}/docs#/operations/listOrders`, {
      viewport: { width: 390, height: 800 },
      colorScheme: 'dark',
    });
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await overflows(page)).to.equal(false);
    await expectAccessible(page, 'a phone in the dark');
    expect(browser.errors).to.deep.equal([]);
  });

  it('the pages of problems are accessible, and lead to the calls that return them', async () => {
    const page = await browser.open(`${service.url}/problems`);
    await expectAccessible(page, 'the list of problems');
    await page.getByRole('link', { name: 'The order is on hold' }).click();
    await page.getByText('"order-on-hold"').or(page.getByText('/problems/order-on-hold').first()).waitFor();
    await expectAccessible(page, 'a problem');
    await page.getByRole('link', { name: 'POST /orders/{order_id}/ship' }).click();
    await page.getByRole('heading', { name: /^Ship items/ }).waitFor();
    expect(browser.errors).to.deep.equal([]);
  });
});
