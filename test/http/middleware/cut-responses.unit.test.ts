import { expect } from 'chai';
import { respondWithStream } from '../../../src/http/response/respond.js';
import { eventually } from '../../support/servers.js';
import { startTestApp } from '../../support/test-app.js';

describe('A failure after the headers of a response were sent', () => {
  it('the response is cut, and the log says why, once', async () => {
    const app = await startTestApp((route) =>
      route('listOrders', async (ctx) => {
        const parts = (async function* () {
          yield 'first';
          throw new Error('the second part cannot be made');
        })();
        await respondWithStream(ctx, parts, '"1"', 'text/plain');
      }),
    );
    const response = await fetch(`${app.url}/orders`);
    expect(await response.text().catch(() => 'cut')).to.equal('cut');
    const failures = () => app.logged.filter(({ level }) => level === 50);
    await eventually('the line of the log', () => failures().length > 0);
    expect(failures()).to.have.length(1);
    expect(failures()[0]).to.include({ route: '/orders', request_id: response.headers.get('x-request-id') });
    expect(failures()[0]?.err).to.include({ message: 'the second part cannot be made' });
    await app.stop();
  });

  it('a client that disconnects is no failure', async () => {
    const app = await startTestApp((route) =>
      route('listOrders', async (ctx) => {
        const parts = (async function* () {
          for (;;) yield 'x'.repeat(1e5);
        })();
        await respondWithStream(ctx, parts, '"1"', 'text/plain');
      }),
    );
    const aborted = new AbortController();
    const response = await fetch(`${app.url}/orders`, { signal: aborted.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    aborted.abort();
    await eventually('the end', () => app.logged.some(({ msg }) => msg === 'request'));
    expect(app.logged.filter(({ level }) => level !== 30)).to.deep.equal([]);
    await app.stop();
  });
});
