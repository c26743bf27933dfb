import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { describeInBrowser, expectAccessible } from '../support/browser.js';
import { call, useService } from '../support/service.js';

describeInBrowser('Orders in the console', (browser) => {
  const service = useService();
  const order = {
    user_id: 'customer-1',
    reference: '#1001',
    currency: 'EUR',
    items: [
      { item_id: 'lamp', quantity: 2, unit_price: 25 },
      { item_id: 'mug', quantity: 1, unit_price: 10 },
    ],
  };
  const place = async (more: object = {}) =>
    (await call(service, 'POST', '/orders', { ...order, ...more }, { prefer: 'wait=10' })).body.order_id;

  async function command(page: Page, name: string, fill: (page: Page) => Promise<void> = async () => undefined) {
    await page.getByRole('region', { name: 'Commands' }).getByRole('button', { name, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await fill(page);
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  it('an order that somebody places appears in the list by itself', async () => {
    const page = await browser.open(`${service.url}/#/orders`);
    await page.getByText('Live', { exact: true }).waitFor();
    await place({ reference: '#live-1' });
    await page.getByRole('link', { name: '#live-1' }).waitFor();
    expect(browser.errors).to.deep.equal([]);
  });

  it('an address with a value that the page cannot use says so, and nothing shows it as applied', async () => {
    const orderId = await place();
    const page = await browser.open(`${service.url}/#/orders?status=foo&currency=EUR`);
    await page.getByText('This page does not know status=foo').waitFor();
    expect(new URL(page.url()).hash).to.equal('#/orders?currency=EUR');
    await page.goto(`${service.url}/#/orders/${orderId}?version=9`);
    await page.getByText('The order has no version 9: this is version 1').waitFor();
    expect(new URL(page.url()).hash).to.equal(`#/orders/${orderId}`);
  });

  it('an overview of a currency that does not exist leads back to those that do', async () => {
    await place();
    const page = await browser.open(`${service.url}/#/overview?currency=ZZZ`);
    await page.getByText('/query/currency', { exact: true }).waitFor();
    await page.getByLabel('Currency').selectOption('Default');
    await page.getByLabel('Currency').selectOption('EUR');
    await page.getByRole('figure', { name: 'Revenue in EUR by day' }).waitFor();
  });

  it('a person places an order, and takes it to its delivery and its refund', async () => {
    const page = await browser.open(`${service.url}/#/orders`);
    await page.getByRole('button', { name: 'Place an order' }).click();
    await page.getByLabel('Customer', { exact: true }).last().fill('customer-7');
    await page.getByLabel('Reference').fill('#1007');
    await page.getByRole('dialog').getByLabel('Currency').fill('eur');
    await page.getByLabel('Item').fill('lamp');
    await page.getByLabel('Units').fill('2');
    await page.getByLabel('Unit price').fill('25.50');
    await expectAccessible(page, 'the form of a new order');
    await page.getByRole('button', { name: 'Place the order' }).click();
    await page.getByRole('heading', { name: 'Order #1007' }).waitFor();
    await page.getByText('€51.00 due').waitFor();

    await command(page, 'Record a payment', async () => {
      await page.getByLabel('Payment reference').fill('visa-1');
    });
    await page.getByText('Settled').waitFor();
    await command(page, 'Start processing');
    await command(page, 'Ship', async () => {
      await page.getByLabel('Carrier').fill('DHL');
    });
    await page.getByText('In transit').waitFor();
    await command(page, 'Record a delivery');
    await command(page, 'Refund', async () => {
      await page.getByLabel(/^Amount in EUR/).fill('10');
      await page.getByLabel('Reason').fill('a scratch');
    });
    await page.getByText('€10.00: a scratch').waitFor();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    expect(await timeline.getByRole('listitem').count()).to.be.at.least(6);
    await expectAccessible(page, 'an order');
    expect(browser.errors).to.deep.equal([]);
  });

  it('a refused command says why, and leaves the form as it was', async () => {
    const orderId = await place({ reference: '#refused' });
    const page = await browser.open(`${service.url}/#/orders/${orderId}`);
    await page.getByRole('button', { name: 'Record a payment' }).click();
    await page.getByLabel(/^Amount in EUR/).fill('999');
    await page.getByRole('dialog').getByRole('button', { name: 'Record a payment' }).click();
    await page.getByRole('alert').getByText('The payment exceeds the amount due').waitFor();
    expect(await page.getByLabel(/^Amount in EUR/).inputValue()).to.equal('999');
    await page.getByText(/The order now allows: .*Record a payment/).waitFor();
    await expectAccessible(page, 'a refusal');
  });

  it('a command for an order that has changed meanwhile is refused, and says so', async () => {
    const orderId = await place();
    const page = await browser.open(`${service.url}/#/orders/${orderId}`);
    await page.getByRole('button', { name: 'Start processing' }).click();
    await call(service, 'POST', `/orders/${orderId}/pay`);
    await page.getByRole('dialog').getByRole('button', { name: 'Start processing' }).click();
    await page.getByText('Somebody has changed the order since you opened this form').waitFor();
  });

  it('the slider and the timeline show the order as it was, and what each step changed', async () => {
    const orderId = await place();
    await call(service, 'POST', `/orders/${orderId}/pay`);
    await call(service, 'POST', `/orders/${orderId}/process`, undefined, { prefer: 'wait=10' });
    const page = await browser.open(`${service.url}/#/orders/${orderId}`);
    await page.getByText('Version 3 of 3').waitFor();
    await page.getByRole('slider').fill('1');
    await page.getByText(/As it was after version 1/).waitFor();
    await page.getByText('€60.00 due').waitFor();
    expect(await page.getByText('Pending', { exact: true }).count()).to.be.at.least(1);
    expect(await page.getByRole('region', { name: 'Commands' }).count()).to.equal(0);
    expect(page.url()).to.match(/version=1$/);
    await expectAccessible(page, 'an order as it was');
    await page.getByRole('button', { name: 'Order paid' }).click();
    await page.getByText(/As it was after version 2/).waitFor();
    await page.getByText('Changes and details').nth(1).click();
    await page.getByText('/payment_status').first().waitFor();
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.getByText('Version 3 of 3').waitFor();
  });

  it('a look-up finds an order by its reference, and the filters are part of the address', async () => {
    await place({ reference: '#find-me', user_id: 'finder' });
    const page = await browser.open(`${service.url}/#/orders`);
    await page.getByLabel('Look up').fill('#find-me');
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('link', { name: '#find-me' }).waitFor();
    expect(page.url()).to.include('q=%23find-me');
    const other = await browser.open(`${service.url}/#/orders?user=finder&status=pending`);
    await other.getByRole('link', { name: '#find-me' }).waitFor();
    const [file] = await Promise.all([
      other.waitForEvent('download'),
      other.getByRole('button', { name: 'CSV of this page' }).click(),
    ]);
    expect(file.suggestedFilename()).to.equal('orders.csv');
  });
});
