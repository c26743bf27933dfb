import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's package chromium, and the names under which other systems have it. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A browser for tests of the console. Each page has a context of its own, as a new visitor has. */
export interface TestBrowser {
  /** Opens a place of the console, such as `/#/orders`. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
  /** Errors of pages: uncaught exceptions, and violations of their policy. */
  readonly errors: readonly string[];
}

/**
 * Tests in a real Chromium, the executable CHROMIUM_PATH or that of the system. Without one, the
 * tests say so and are skipped.
 */
export function describeInBrowser(title: string, define: (browser: TestBrowser) => void): void {
  describe(title, () => {
    let browser: Browser | undefined;
    const errors: string[] = [];
    before(async function () {
      const executablePath = [process.env.CHROMIUM_PATH ?? '', ...places].find(
        (path) => path !== '' && existsSync(path),
      );
      if (executablePath === undefined) {
        console.log('      skipped: there is no Chromium; install the package chromium, or set CHROMIUM_PATH');
        this.skip();
      }
      browser = await chromium.launch({
        executablePath,
        args: [
          '--no-sandbox',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-dev-shm-usage',
        ],
      });
    });
    after(() => browser?.close());
    define({
      errors,
      async open(url, options) {
        if (!browser) throw new Error('the browser runs only while the tests do');
        const context = await browser.newContext({
          viewport: { width: 1280, height: 900 },
          reducedMotion: 'reduce',
          timezoneId: 'UTC',
          locale: 'en-GB',
          ...options,
        });
        const page = await context.newPage();
        page.setDefaultTimeout(20_000);
        page.on('pageerror', (error) => errors.push(error.message));
        page.on('console', (message) => {
          if (/Content Security Policy/i.test(message.text())) errors.push(message.text());
        });
        await page.goto(url);
        return page;
      },
    });
  });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Checks a page against WCAG 2.2 AA and axe’s best practices. Fails with each violation. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  // Through the debugger, which the policy of the page does not bind.
  await page.evaluate(axe);
  const found = await page.evaluate<Violation[]>(`axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }).then(({ violations }) => violations)`);
  const shown = found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${failureSummary}`),
  );
  expect(shown, where).to.deep.equal([]);
}

/** Whether a page is wider than its window, so that people have to scroll sideways. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}
