import { expect } from 'chai';
import { Overloaded } from '../../../src/event-log/overloaded.js';
import { type HistoryDependencies, historyRoute } from '../../../src/http/routes/history-route.js';
import { queryLimits } from '../../../src/queries/limits.js';
import { appender, noteEvent } from '../../support/events.js';
import { queriesOf } from '../../support/read-models.js';
import { eventually } from '../../support/servers.js';
import { call, getHistory, useService } from '../../support/service.js';
import { startTestApp } from '../../support/test-app.js';

/** Enough notes of 2,000 characters for several pages of about 1 MiB. */
const notes = 1_200;

describe('GET /orders/{order_id}/history of a long order', () => {
  const service = useService();
  let orderId: string;
  before(async () => {
    const order = { user_id: 'u-1', items: [{ item_id: 'a', quantity: 1 }], total_amount: 10 };
    orderId = (await call(service, 'POST', '/orders', order)).body.order_id;
    const append = appender(service.log, true);
    for (let version = 1; version <= notes; version += 400) {
      const events = Array.from({ length: 400 }, (_, nth) => noteEvent(`${version + nth} `.padEnd(2_000, 'x')));
      await append({ orderId, expectedVersion: version, events });
    }
    await call(service, 'POST', `/orders/${orderId}/pay`);
    await eventually('the whole history', async () => {
      const { body } = await call(service, 'GET', `/orders/${orderId}`);
      return body.version === notes + 2;
    });
  });

  async function pages(query: string): Promise<Awaited<ReturnType<typeof getHistory>>[]> {
    const found = [await getHistory(service, orderId, query)];
    for (let after = found[0]?.next_after; after; after = found.at(-1)?.next_after) {
      found.push(await getHistory(service, orderId, `${query}&after=${after}`));
    }
    return found;
  }
  const all = Array.from({ length: notes + 2 }, (_, nth) => nth + 1);

  for (const query of ['', 'diff=true', 'limit=500']) {
    it(`a long history comes in bounded pages that together hold every event once (${query || 'by default'})`, async () => {
      const found = await pages(query);
      expect(found.length).to.be.greaterThan(2);
      expect(found.flatMap(({ events }) => events.map(({ version }) => version))).to.deep.equal(all);
      for (const page of found) expect(JSON.stringify(page).length).to.be.lessThan(3e6);
      expect(found.at(-1)?.next_after).to.equal(null);
    });
  }

  it('a page of a history names the next page in the header Link, and has an ETag of its own', async () => {
    const first = await call(service, 'GET', `/orders/${orderId}/history?limit=2`);
    expect(first.headers.get('link')).to.equal(`</orders/${orderId}/history?limit=2&after=2>; rel="next"`);
    const [whole, second] = [
      await call(service, 'GET', `/orders/${orderId}/history`),
      await call(service, 'GET', `/orders/${orderId}/history?limit=2&after=2`),
    ];
    const tags = [first, second, whole].map(({ headers }) => headers.get('etag'));
    expect(new Set(tags).size, tags.join()).to.equal(3);
    const again = await call(service, 'GET', `/orders/${orderId}/history?limit=2`, undefined, {
      'if-none-match': tags[0] ?? '',
    });
    expect(again.status).to.equal(304);
  });

  it('a history as CSV comes whole, however long it is', async () => {
    const { text } = await call(service, 'GET', `/orders/${orderId}/history`, undefined, { accept: 'text/csv' });
    const lines = text.trimEnd().split('\r\n');
    expect(lines.slice(1).map((line) => Number(line.split(',')[1]))).to.deep.equal(all);
    const { text: part } = await call(service, 'GET', `/orders/${orderId}/history?after=1&limit=2`, undefined, {
      accept: 'text/csv',
    });
    expect(part.trimEnd().split('\r\n').slice(1)).to.deep.equal(lines.slice(2, 4));
  });

  it('each read of a history as CSV takes its place among the heavy queries', async () => {
    let admitted = 0;
    const runHeavyQuery: HistoryDependencies['runHeavyQuery'] = (_ctx, _weight, query) => {
      admitted += 1;
      return query();
    };
    const models = queriesOf(service.log);
    const app = await startTestApp((route) => historyRoute(route, { models, runHeavyQuery } as HistoryDependencies));
    const response = await fetch(`${app.url}/orders/${orderId}/history`, { headers: { accept: 'text/csv' } });
    expect((await response.text()).trimEnd().split('\r\n')).to.have.length(1 + all.length);
    expect(admitted).to.be.greaterThan(2);
    await app.stop();
  });

  it('a problem in place of a CSV is no file, and has no ETag', async () => {
    const runHeavyQuery: HistoryDependencies['runHeavyQuery'] = () => Promise.reject(new Overloaded('queries', 1));
    const models = queriesOf(service.log);
    const app = await startTestApp((route) => historyRoute(route, { models, runHeavyQuery } as HistoryDependencies));
    const { status, headers } = await fetch(`${app.url}/orders/${orderId}/history`, {
      headers: { accept: 'text/csv' },
    });
    expect(status).to.equal(503);
    expect(headers.get('content-type')).to.equal('application/problem+json');
    expect([headers.get('content-disposition'), headers.get('etag')]).to.deep.equal([null, null]);
    await app.stop();
  });

  it('the changes of a page are those since the event before the page', async () => {
    const { events } = await getHistory(service, orderId, `diff=true&after=${notes}`);
    expect(events.map(({ changes }) => changes?.map(({ pointer }) => pointer))).to.deep.equal([
      [],
      ['/payment_status', '/paid_amount', '/balance'],
    ]);
  });

  it('the changes of large orders come in bounded pages that together hold every event once', async () => {
    const lines = (unit_price: number) =>
      Array.from({ length: 400 }, (_, nth) => ({ item_id: `${nth}`.padEnd(200, '-'), quantity: 1, unit_price }));
    const { order_id } = (await call(service, 'POST', '/orders', { user_id: 'u', items: lines(1), total_amount: 400 }))
      .body;
    const amended = 12;
    for (let price = 2; price < 2 + amended; price += 1) {
      const body = { items: lines(price), total_amount: 400 * price, reason: 'another price' };
      const { status, text } = await call(service, 'POST', `/orders/${order_id}/amend`, body);
      expect(status, text).to.equal(200);
    }
    const versions: number[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const path = `/orders/${order_id}/history?diff=true&after=${after}`;
      const { text } = await call(service, 'GET', path);
      const page: Awaited<ReturnType<typeof getHistory>> = JSON.parse(text);
      const changes = page.events.map((event) => JSON.stringify(event.changes).length);
      expect(changes.reduce((sum, length) => sum + length)).to.be.below(queryLimits.maxPageLength);
      versions.push(...page.events.map(({ version }) => version));
      after = page.next_after;
    }
    expect(versions).to.deep.equal(Array.from({ length: 1 + amended }, (_, nth) => nth + 1));
  });

  it('an old version of a long order is folded from its history', async () => {
    const { body } = await call(service, 'GET', `/orders/${orderId}?version=${notes + 1}`);
    expect([body.version, body.paid_amount]).to.deep.equal([notes + 1, 0]);
  });
});
