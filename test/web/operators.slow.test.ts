import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { describeInBrowser, expectAccessible, overflows } from '../support/browser.js';
import { appender, event, orderIdIn, place } from '../support/events.js';
import { startLocalService } from '../support/local-service.js';
import { eventually } from '../support/servers.js';
import { call, getHistory, useService } from '../support/service.js';

const pages = ['overview', 'orders', 'projections', 'log', 'audit', 'webhooks', 'keys', 'system'];

describeInBrowser('The pages of the console', (browser) => {
  const signingKey = projectPath('test', 'fixtures', 'format-1', 'signing-key.pem');
  const service = useService({ ORDERS_SIGNING_KEY_FILES: signingKey });
  before(async () => {
    const order = { user_id: 'u-1', items: [{ item_id: 'lamp', quantity: 2, unit_price: 25 }] };
    for (let nth = 0; nth < 5; nth += 1) await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`every page is accessible in ${colorScheme}, on a wide screen`, async () => {
      const page = await browser.open(service.url, { colorScheme });
      for (const name of pages) {
        await page.goto(`${service.url}/#/${name}`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.locator('.loading').first().waitFor({ state: 'detached' });
        await expectAccessible(page, name);
      }
      expect(browser.errors).to.deep.equal([]);
    });
  }

  it('every page fits on a phone, and the menu leads to each', async () => {
    const page = await browser.open(service.url, { viewport: { width: 360, height: 740 } });
    for (const name of pages) {
      await page.getByRole('button', { name: 'Open the menu' }).click();
      await page.getByRole('navigation', { name: 'Pages' }).locator(`a[href="#/${name}"]`).click();
      await page.getByRole('button', { name: 'Open the menu' }).waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
      expect(await overflows(page), name).to.equal(false);
      await expectAccessible(page, `${name} on a phone`);
    }
  });

  it('the keyboard stays in the open menu of a phone, and Escape closes it', async () => {
    const page = await browser.open(`${service.url}/#/system`, { viewport: { width: 390, height: 844 } });
    await page.getByRole('heading', { name: 'System', level: 1 }).waitFor();
    const button = page.getByRole('button', { name: 'Open the menu' });
    await button.click();
    await page.getByRole('link', { name: 'Keys' }).waitFor();
    // A script cannot focus what is inert either.
    await page.evaluate(`document.querySelector('.column .table-scroll, .column main').focus()`);
    expect(await page.evaluate(`document.activeElement.closest('.column') === null`)).to.equal(true);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Keys' }).waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.activeElement.ariaLabel')).to.equal('Open the menu');
  });

  it('the menu button stays in its place while a page is read on a phone', async () => {
    const page = await browser.open(`${service.url}/#/keys`, { viewport: { width: 360, height: 740 } });
    const button = page.getByRole('button', { name: 'Open the menu' });
    let respond: () => void = () => undefined;
    const isReleased = new Promise<void>((resolve) => {
      respond = resolve;
    });
    await page.route('**/orders/metrics?*', async (route) => {
      await isReleased;
      await route.continue();
    });
    await page.goto(`${service.url}/#/overview`);
    await page.locator('.loading').first().waitFor();
    const before = await button.boundingBox();
    respond();
    await page.getByText('Net revenue').first().waitFor();
    expect(before).to.be.an('object');
    expect(await button.boundingBox()).to.deep.equal(before);
  });

  it('dragging over the last half bar of a chart shows that interval', async () => {
    const occurred_at = new Date(Date.now() - 5 * 86_400_000).toISOString();
    const order = { user_id: 'u-1', item_ids: ['lamp'], total_amount: 1, occurred_at };
    await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    const page = await browser.open(`${service.url}/#/overview?range=7d`);
    const plot = page.locator('.u-over').last();
    await plot.scrollIntoViewIfNeeded();
    const { x, y, width } = (await plot.boundingBox()) ?? expect.fail('there is no chart');
    await page.mouse.move(x + width - 1, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + width - 20, y + 20, { steps: 3 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Zoom out' }).first().waitFor();
    const query = new URLSearchParams(new URL(page.url()).hash.split('?')[1]);
    const [from = '', to = ''] = [query.get('from') ?? '', query.get('to') ?? ''];
    expect(Date.parse(to) - Date.parse(from), `${from} to ${to}`).to.equal(86_400_000);
    expect(browser.errors).to.deep.equal([]);
  });

  it('a link to a time zone that the browser does not know shows the overview in its own', async () => {
    const page = await browser.open(`${service.url}/#/overview?zone=Nowhere/Land`);
    await page.getByText('Net revenue').first().waitFor();
    expect(await page.getByLabel('Time zone').inputValue()).to.equal('UTC');
    expect(browser.errors).to.deep.equal([]);
  });

  it('the log jumps to a position and a time, and a link that names none begins with the first event', async () => {
    const page = await browser.open(`${service.url}/#/log?partition=abc&after=-1&at=yesterday`);
    await page.getByRole('heading', { name: 'Partition 0' }).waitFor();
    await page.getByText(/^Head \d/).waitFor();
    const [order] = (await call(service, 'GET', '/orders?limit=1')).body.orders;
    const { partition, events } = await getHistory(service, order?.order_id ?? '');
    const shown = page.getByRole('rowheader', { name: `${partition}:${events[0]?.position}`, exact: true });
    await page.getByRole('spinbutton', { name: 'Partition' }).fill(String(partition));
    await page.getByRole('spinbutton', { name: 'Position' }).fill(String(events[0]?.position));
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await shown.waitFor();
    await page.goto(`${service.url}/#/log?partition=${partition}&at=2020-01-01T00:00`);
    await shown.waitFor();
    await page.goto(`${service.url}/#/log?partition=${partition}&at=2099-01-01T00:00`);
    await page.getByText('There is no event here').waitFor();
    expect(browser.errors).to.deep.equal([]);
  });

  it('the chosen colours stay for the next visit', async () => {
    const page = await browser.open(service.url, { colorScheme: 'light' });
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByText('Dark', { exact: true }).click();
    await eventually('the dark colours', async () => (await background()) !== light);
    const dark = await background();
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await background()).to.equal(dark);
  });

  it('an operator rebuilds a read model after a question, and sees the next generation live', async () => {
    const page = await browser.open(`${service.url}/#/projections`);
    const card = page.getByRole('region', { name: 'Metrics', exact: true });
    await card.getByText('generation 1.').waitFor();
    await card.getByRole('button', { name: 'Rebuild' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rebuild' }).click();
    await card.getByText('generation 2.').waitFor();
    await card.getByRole('button', { name: 'History' }).click();
    await page.getByRole('dialog').getByText('Went live').waitFor();
    await expectAccessible(page, 'the history of rebuilds');
  });

  it('a comparison of a read model with the log shows its result', async () => {
    const page = await browser.open(`${service.url}/#/projections`);
    const card = page.getByRole('region', { name: 'Order history', exact: true });
    await card.getByRole('button', { name: 'Compare with the log' }).click();
    await page.getByRole('button', { name: 'Compare now' }).click();
    await page.getByText('No difference').waitFor({ timeout: 60_000 });
    await expectAccessible(page, 'a comparison');
  });

  it('an auditor verifies the log, and walks it event by event', async () => {
    const page = await browser.open(`${service.url}/#/audit`);
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByText('Intact').first().waitFor();
    const event = (await call(service, 'GET', '/audit/verifications')).body.runs[0];
    expect(event?.events_done).to.be.greaterThan(0);
    const { orders } = (await call(service, 'GET', '/orders?limit=1')).body;
    await page.getByText('No checkpoint of this log was ever taken').waitFor();
    await page.getByRole('button', { name: 'Sign a checkpoint now' }).click();
    await page.getByText(/^The last checkpoint was taken just now/).waitFor();
    const [checkpoint] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download it' }).click(),
    ]);
    expect(checkpoint.suggestedFilename()).to.match(/^checkpoint-[\d-]+\.json$/);
    await page.goto(`${service.url}/#/log?stream=${orders[0]?.order_id}`);
    await page.getByText('Order placed').click();
    await page.getByText('"total_minor": 5000').waitFor();
    await page.goto(`${service.url}/#/orders/${orders[0]?.order_id}`);
    const [proof] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the proof' }).click(),
    ]);
    expect(proof.suggestedFilename()).to.equal(`order-${orders[0]?.order_id}-proof.json`);
  });

  it('an operator creates a key, sees it once, and revokes it', async () => {
    const page = await browser.open(`${service.url}/#/keys`);
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByLabel('Name', { exact: true }).fill('A warehouse');
    await page.getByLabel('orders:read', { exact: true }).check();
    await expectAccessible(page, 'the form of a key');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText(/^ok_[0-9a-z]{12}_[\w-]{43}$/).waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    await page
      .getByRole('row', { name: /A warehouse/ })
      .getByRole('button', { name: 'Revoke' })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('row', { name: /A warehouse.*Revoked/ }).waitFor();
  });

  it('an operator subscribes a URL, and learns that a test did not reach it', async () => {
    const page = await browser.open(`${service.url}/#/webhooks`);
    await page.getByRole('button', { name: 'Subscribe a URL' }).click();
    await page.getByRole('textbox', { name: 'URL' }).fill('https://shop.invalid/orders');
    await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('link', { name: 'https://shop.invalid/orders' }).click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText(/did not accept the test/).waitFor();
    await expectAccessible(page, 'a webhook');
    await page.getByText('No event was given up').waitFor();
    await page.getByRole('button', { name: 'Rotate the secret' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Activate' }).waitFor();
    const [{ webhook_id: id } = { webhook_id: '' }] = (await call(service, 'GET', '/webhooks')).body.webhooks;
    await service.log.owner.query(
      `insert into webhook_deliveries (partition, webhook_id, "position", order_id, type, state, attempts,
         first_attempt_at, last_attempt_at, last_error)
       select partition, $1, "position", order_id, type, 'dead', 1, now(), now(), 'the receiver failed' from events
       where type = 'OrderPlaced' limit 1`,
      [id],
    );
    await page.reload();
    await page.getByRole('table', { name: 'Events that were given up' }).getByText('Order placed').waitFor();
    await expectAccessible(page, 'a dead letter');
    await page.getByRole('button', { name: 'Send all again' }).click();
    await page.getByText('1 event will be sent again').waitFor();
    await page.getByText('No event was given up').waitFor();
  });
});

describeInBrowser('A projector that dies, in the console', (browser) => {
  const service = useService({ ORDERS_ROLES: 'api' });

  it('every page is red while no projector lives, and green again once one does', async () => {
    const page = await browser.open(`${service.url}/#/projections`);
    const badge = page.locator('.health-link');
    const card = page.getByRole('region', { name: 'Metrics', exact: true });
    await badge.getByText('Broken').waitFor();
    await card.getByText('16 partitions unowned').waitFor();
    await card.getByText(/start a process with the role projector/).waitFor();
    await expectAccessible(page, 'projections without a projector');
    await page.goto(`${service.url}/#/system`);
    await page.getByText('no living projector in all 16 partitions').waitFor();
    await page.goto(`${service.url}/#/projections`);
    const projector = await startLocalService(service.log, { ORDERS_ROLES: 'projector' });
    await badge.getByText('Ready').waitFor();
    await card.getByText('Live', { exact: true }).waitFor();
    await call(service, 'POST', '/projections/metrics/rebuild');
    await card.getByText('generation 2.').waitFor();
    await projector.stop();
    await badge.getByText('Broken').waitFor({ timeout: 60_000 });
    await card.getByText('16 partitions unowned').waitFor({ timeout: 60_000 });
  });
});

describeInBrowser('A stopped projection in the console', (browser) => {
  const service = useService();

  it('shows the event, the error and the cures, and continues after a skip with a reason', async () => {
    const append = appender(service.log);
    const orderId = orderIdIn(2, 16);
    await place(append, orderId);
    await append({ orderId, expectedVersion: 1, events: [event('OrderTeleported', {})] });
    const page = await browser.open(`${service.url}/#/projections`);
    const card = page.getByRole('region', { name: 'Metrics', exact: true });
    await card.getByText('Stopped at 2:2, Order teleported').waitFor();
    await card.getByText(/unknown event type/).waitFor();
    await expectAccessible(page, 'a stopped projection');
    await card.getByRole('button', { name: 'Skip 2:2' }).click();
    await page.getByLabel('Reason').fill('a test event');
    await page.getByRole('button', { name: 'Skip it for good' }).click();
    await card.getByText('1 skipped event: these orders are damaged here').waitFor();
    for (const name of ['Order status', 'Order history']) {
      const other = page.getByRole('region', { name, exact: true });
      await other.getByRole('button', { name: 'Skip 2:2' }).click();
      await page.getByLabel('Reason').fill('a test event');
      await page.getByRole('button', { name: 'Skip it for good' }).click();
      await other.getByText('1 skipped event').waitFor();
    }
    await page.goto(`${service.url}/#/orders/${orderId}`);
    await page.getByText('Damaged', { exact: true }).waitFor();
    await page.getByText(/has let the read model skip an event of this order/).waitFor();
    await expectAccessible(page, 'a damaged order');
  });
});
