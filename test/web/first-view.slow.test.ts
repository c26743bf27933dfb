import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { describeInBrowser } from '../support/browser.js';
import { call, useService } from '../support/service.js';

/** The scripts of the first view, compressed: on a slow phone, 60 kB take a third of a second. */
const scriptLimitBytes = 60_000;

/** The icon is shown twice, and comes from the cache then. The health is read again and again. */
const repeated = ['/web/icon.svg', '/health'];

describeInBrowser('The first view of the console', (browser) => {
  const service = useService();

  it('reads everything once, and the code of charts only when one comes into view', async () => {
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
    await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    const page = await browser.open('about:blank', { viewport: { width: 390, height: 500 } });
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    await page.goto(`${service.url}/#/overview`);
    await page.getByText('Net revenue').first().waitFor();
    const once = requested.filter((path) => !repeated.includes(path));
    expect(once, 'requests of the first view').to.deep.equal([...new Set(once)]);
    expect(once).to.include.members(['/access', '/access/caller', '/orders/metrics']);
    const chart = page.getByRole('figure', { name: /^Revenue in USD/ });
    expect(await chart.locator('canvas').count()).to.equal(0);
    await chart.scrollIntoViewIfNeeded();
    await chart.locator('canvas').waitFor();
    expect(browser.errors).to.deep.equal([]);
  });

  it('names every script that it needs in the page, so that they load at the same time', async () => {
    const page = await browser.open(`${service.url}/#/orders`);
    await page.getByRole('heading', { name: 'Orders', level: 1 }).waitFor();
    const html = readFileSync(projectPath('dist/web/index.html'), 'utf8');
    const named = [...html.matchAll(/\/web\/([\w-]+\.js)/g)].map(([, name]) => name ?? '').toSorted();
    const loaded = await page.evaluate<string[]>(
      `performance.getEntriesByType('resource').map(({ name }) => name.split('/web/')[1] ?? '').filter((name) => name.endsWith('.js'))`,
    );
    expect([...new Set(loaded)].toSorted()).to.deep.equal(named);
  });

  it('has small scripts, and every script and style sheet is kept by browsers', async () => {
    const html = readFileSync(projectPath('dist/web/index.html'), 'utf8');
    const scripts = readdirSync(projectPath('dist/web')).filter((name) => name.endsWith('.js') && html.includes(name));
    const bytes = scripts.map((name) => readFileSync(projectPath(`dist/web/${name}.br`)).length);
    expect(bytes.reduce((sum, one) => sum + one, 0)).to.be.below(scriptLimitBytes);
    for (const [, path] of html.matchAll(/"(\/web\/[^"]+\.(?:js|css))"/g)) {
      const response = await fetch(`${service.url}${path}`);
      expect(response.headers.get('cache-control'), path).to.equal('public, max-age=31536000, immutable');
    }
  });
});
