import { expect } from 'chai';
import { describeInBrowser, overflows } from '../support/browser.js';
import { call, useService } from '../support/service.js';

describeInBrowser('Large orders and long names in the console', (browser) => {
  const service = useService();
  const place = async (order: object) =>
    (await call(service, 'POST', '/orders', { user_id: 'u', ...order }, { prefer: 'wait=10' })).body.order_id;
  const placeWithNotes = async (notes: number) => {
    const orderId = await place({ item_ids: ['a'], total_amount: 1 });
    for (let nth = 1; nth <= notes; nth += 1)
      await call(service, 'POST', `/orders/${orderId}/note`, { text: `note ${nth}` }, { prefer: 'wait=10' });
    return orderId;
  };

  it('no name is so long that a page becomes wider than the screen', async () => {
    const long = (letter: string, length: number) => letter.repeat(length);
    const orderId = await place({
      user_id: long('W', 200),
      reference: long('R', 100),
      items: [{ item_id: long('M', 200), quantity: 1, unit_price: 9_999_999.99 }],
      metadata: { [long('k', 40)]: long('v', 400) },
    });
    const command = (name: string, body: object) => call(service, 'POST', `/orders/${orderId}/${name}`, body);
    await command('pay', { payment_reference: long('P', 100) });
    await command('process', {});
    await command('ship', { carrier: long('C', 100), tracking_number: long('T', 100) });
    for (const width of [390, 768, 1440]) {
      const page = await browser.open(`${service.url}/#/orders/${orderId}`, { viewport: { width, height: 800 } });
      await page.getByText('In transit').first().waitFor();
      await page.getByText('Order shipped').waitFor();
      expect(await overflows(page), `an order at ${width} pixels`).to.equal(false);
      await page.goto(`${service.url}/#/orders`);
      const link = page.getByRole('link', { name: /^RRR/ });
      await link.waitFor();
      expect(await overflows(page), `the list at ${width} pixels`).to.equal(false);
      const { x = 0, width: linkWidth = width } = (await link.boundingBox()) ?? {};
      expect(x + linkWidth, 'the reference leaves room for the other columns').to.be.below(width / 2);
    }
  });

  it('a moving slider reads only the version on which it rests', async () => {
    const orderId = await placeWithNotes(5);
    const page = await browser.open(`${service.url}/#/orders/${orderId}`);
    await page.getByText('Version 6 of 6').waitFor();
    const read: string[] = [];
    page.on('request', (request) => {
      const version = new URL(request.url()).searchParams.get('version');
      if (version !== null) read.push(version);
    });
    await page.evaluate(`{
      const slider = document.querySelector('input[type="range"]');
      for (const version of [5, 4, 3, 2]) {
        slider.value = version;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }`);
    await page.getByText('As it was after version 2').waitFor();
    expect(read).to.deep.equal(['2']);
    expect(new URL(page.url()).hash).to.equal(`#/orders/${orderId}?version=2`);
  });

  it('the order of now is never shown as an earlier version, also if that cannot be read', async () => {
    const orderId = await placeWithNotes(1);
    const page = await browser.open(`${service.url}/#/orders/${orderId}`);
    await page.getByText('Version 2 of 2').waitFor();
    await page.route(/\?version=1/, (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ title: 'The service is overloaded', status: 503, detail: 'Busy.' }),
      }),
    );
    await page.getByRole('button', { name: 'One version back' }).click();
    await page.getByRole('alert').getByText('The service is overloaded').waitFor();
    expect(await page.getByText(/As it was after version 1/).count()).to.equal(0);
  });

  it('a form for an order of many lines shows few of them, and finds the others', async () => {
    const items = Array.from({ length: 120 }, (_, nth) => ({ item_id: `part-${nth}`, quantity: 3, unit_price: 1 }));
    const orderId = await place({ items });
    await call(service, 'POST', `/orders/${orderId}/process`, undefined, { prefer: 'wait=10' });
    const page = await browser.open(`${service.url}/#/orders/${orderId}`);
    await page.getByRole('button', { name: 'Ship', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('50 of 120 lines are shown').waitFor();
    await dialog.getByLabel('part-0 (up to 3)').fill('1');
    await dialog.getByLabel('Find lines by their item').fill('PART-119');
    await dialog.getByLabel('part-119 (up to 3)').fill('2');
    expect(await dialog.getByLabel('part-0 (up to 3)').inputValue()).to.equal('1');
    expect(await dialog.getByRole('spinbutton').count()).to.equal(2);
    await dialog.getByRole('button', { name: 'Ship', exact: true }).click();
    await page
      .getByText(/1 × part-0, 2 × part-119/)
      .first()
      .waitFor();
  });

  it('nothing moves when the orders of a list arrive', async () => {
    await place({ item_ids: ['a'], total_amount: 1 });
    const page = await browser.open('about:blank', { viewport: { width: 390, height: 800 } });
    let release: () => void = () => undefined;
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/\/orders\?/, async (route) => {
      await isReleased;
      await route.continue();
    });
    await page.goto(`${service.url}/#/orders`);
    const list = page.getByRole('region', { name: 'Newest first' });
    await list.getByText('Loading').waitFor();
    const before = await list.boundingBox();
    release();
    await list.getByRole('table').waitFor();
    expect((await list.boundingBox())?.y).to.equal(before?.y);
  });
});
