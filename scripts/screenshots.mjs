#!/usr/bin/env node
// Takes the pictures of the console in docs/images/ from a service that `npm run demo` runs:
// `node scripts/screenshots.mjs [URL]`. Needs a Chromium: CHROMIUM_PATH, or the system's.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './setup/project.mjs';

const url = process.argv[2] ?? 'http://127.0.0.1:3000';
const folder = join(root, 'docs', 'images');
const places = [process.env.CHROMIUM_PATH ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'];
const executablePath = places.find((path) => path !== '' && existsSync(path));

const wide = { width: 1360, height: 860 };
const phone = { width: 390, height: 760 };
/** The pictures, by their names. `{order}` is an order with a long history. */
const pictures = {
  overview: { place: 'overview?range=12m&zone=Europe/Berlin', viewport: wide },
  'overview-dark': { place: 'overview?range=12m&zone=Europe/Berlin', viewport: wide, colorScheme: 'dark' },
  orders: { place: 'orders', viewport: wide },
  order: { place: 'orders/{order}', viewport: wide },
  projections: { place: 'projections', viewport: wide, open: 'Metrics' },
  phone: { place: 'orders/{order}', viewport: phone },
};

if (executablePath === undefined) {
  console.error('screenshots: there is no Chromium; install it, or set CHROMIUM_PATH');
  process.exitCode = 1;
} else {
  mkdirSync(folder, { recursive: true });
  const order = await orderWithHistory();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
  for (const [name, picture] of Object.entries(pictures)) await take(browser, name, picture, order);
  await browser.close();
}

/** @returns {Promise<string>} the id of a returned order of several lines */
async function orderWithHistory() {
  const { orders } = await (await fetch(`${url}/orders?status=partially_returned&currency=EUR&limit=20`)).json();
  const [longest] = orders.toSorted((a, b) => b.version - a.version);
  if (!longest) throw new Error(`${url} has no returned order: run npm run demo`);
  return longest.order_id;
}

async function take(browser, name, { place, viewport, colorScheme = 'light', open }, order) {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  await page.goto(`${url}/#/${place.replace('{order}', order)}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
  if (open)
    await page
      .getByRole('region', { name: open, exact: true })
      .getByText(/partitions$/)
      .click();
  // Charts draw in the next frame, and the mark of what has just changed fades.
  await page.waitForTimeout(1_500);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
  console.error(`screenshots: docs/images/${name}.png`);
}
