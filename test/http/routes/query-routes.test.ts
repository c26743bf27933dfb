import { expect } from 'chai';
import { call, useService } from '../../support/service.js';

interface Listed {
  order_id: string;
  user_id: string;
  status: string;
  payment_status: string;
  placed_at: string;
}

describe('Lists and metrics', () => {
  const service = useService();
  const ids: string[] = [];
  before(async () => {
    for (let nth = 0; nth < 60; nth += 1) {
      // Ten orders share each millisecond, so their ids decide their order.
      const occurred_at = new Date(Date.UTC(2025, 0, 1 + Math.floor(nth / 10) * 20, 6)).toISOString();
      const { body } = await call(
        service,
        'POST',
        '/orders',
        {
          user_id: `u-${nth % 3}`,
          item_ids: ['a'],
          total_amount: nth,
          currency: nth % 10 === 9 ? 'EUR' : 'USD',
          occurred_at,
        },
        { prefer: 'wait=5' },
      );
      ids.push(body.order_id);
    }
    for (const nth of [0, 1, 2, 30])
      await call(service, 'POST', `/orders/${ids[nth]}/process`, undefined, { prefer: 'wait=5' });
    for (const nth of [0, 3, 4])
      await call(service, 'POST', `/orders/${ids[nth]}/pay`, undefined, { prefer: 'wait=5' });
    for (const nth of [5, 6])
      await call(service, 'POST', `/orders/${ids[nth]}/cancel`, { reason: 'x' }, { prefer: 'wait=5' });
    await call(service, 'POST', `/orders/${ids[0]}/ship`, undefined, { prefer: 'wait=5' });
  });
  const list = (query: string) => call(service, 'GET', `/orders?${query}`);
  async function all(query: string, limit: number): Promise<Listed[]> {
    const found: Listed[] = [];
    let cursor = '';
    do {
      const { status, body, text } = await list(`${query}&limit=${limit}${cursor && `&cursor=${cursor}`}`);
      expect(status, text).to.equal(200);
      expect(body.orders.length).to.be.at.most(limit);
      found.push(...body.orders);
      cursor = body.next_cursor ?? '';
    } while (cursor);
    return found;
  }

  it('GET /orders lists every order once, newest first, with any page size', async () => {
    const whole = await all('', 200);
    expect(whole).to.have.length(60);
    const sorted = whole.toSorted(
      (a, b) => b.placed_at.localeCompare(a.placed_at) || (a.order_id < b.order_id ? 1 : -1),
    );
    expect(whole).to.deep.equal(sorted);
    for (const limit of [1, 7, 10, 60]) expect(await all('', limit), `pages of ${limit}`).to.deep.equal(whole);
  });

  it('GET /orders takes several statuses, a reference, a currency and on_hold, also together', async () => {
    await call(service, 'POST', `/orders/${ids[7]}/hold`, { reason: 'x' }, { prefer: 'wait=5' });
    await call(service, 'POST', `/orders/${ids[8]}/amend`, { reference: '#8' }, { prefer: 'wait=5' });
    const nths = async (query: string) => (await all(query, 7)).map(({ order_id }) => ids.indexOf(order_id)).sort();
    expect(await nths('status=shipped,cancelled')).to.deep.equal([0, 5, 6]);
    expect(await nths('status=cancelled&status=shipped&payment_status=paid')).to.deep.equal([0]);
    expect(await nths('user_id=u-0&status=shipped,cancelled')).to.deep.equal([0, 6]);
    expect(await nths('on_hold=true')).to.deep.equal([7]);
    expect(await nths('on_hold=true&user_id=u-1&status=pending')).to.deep.equal([7]);
    expect(await nths('on_hold=false&status=pending&payment_status=paid')).to.deep.equal([3, 4]);
    expect(await nths('reference=%238')).to.deep.equal([8]);
    expect(await nths('reference=%238&on_hold=true')).to.deep.equal([]);
    expect((await nths('currency=EUR')).length).to.equal(6);
    for (const wrong of ['status=pending,none', 'status=', 'currency=XYZ', 'on_hold=maybe', 'sort=x'])
      expect((await list(wrong)).status, wrong).to.equal(422);
    await call(service, 'POST', `/orders/${ids[7]}/release`, { reason: 'x' }, { prefer: 'wait=5' });
    expect(await nths('on_hold=true')).to.deep.equal([]);
  });

  it('GET /orders?sort=updated continues with what changed since, and its cursor is never null', async () => {
    const { body: whole } = await list('sort=updated&limit=200');
    const times = whole.orders.map(({ updated_at }) => updated_at);
    expect([whole.orders.length, times]).to.deep.equal([60, times.toSorted()]);
    const since = times[50] ?? '';
    const late = (await list(`updated_since=${since}&limit=200`)).body.orders;
    expect(late.map(({ updated_at }) => updated_at)).to.deep.equal(times.filter((time) => time >= since));
    await call(service, 'POST', `/orders/${ids[20]}/note`, { text: 'x' }, { prefer: 'wait=5' });
    const { body } = await list(`sort=updated&limit=200&cursor=${whole.next_cursor}`);
    expect(body.orders.map(({ order_id }) => order_id)).to.deep.equal([ids[20]]);
    expect((await list(`cursor=${whole.next_cursor}`)).problem.type).to.equal('/problems/invalid-cursor');
    expect((await list(`sort=placed&updated_since=${since}`)).problem.errors?.[0]?.pointer).to.equal(
      '/query/updated_since',
    );
  });

  it('GET /orders/lookup finds orders by what identifies them, and names the field', async () => {
    await call(service, 'POST', `/orders/${ids[9]}/pay`, { payment_reference: 'pi 9' }, { prefer: 'wait=5' });
    const { body } = await call(service, 'GET', '/orders/lookup?q=pi%209');
    expect(body.orders.map(({ order_id, matched_by }) => [order_id, matched_by])).to.deep.equal([
      [ids[9], ['payment_reference']],
    ]);
    expect(body.next_cursor).to.equal(null);
    const page = (await call(service, 'GET', '/orders/lookup?q=u-1&limit=15')).body;
    const next = (await call(service, 'GET', `/orders/lookup?q=u-1&limit=15&cursor=${page.next_cursor}`)).body;
    expect([page.orders.length, next.orders.length, next.next_cursor]).to.deep.equal([15, 5, null]);
    for (const wrong of ['', 'q=', 'q=u-1&limit=0', 'q=u-2&cursor=x'])
      expect((await call(service, 'GET', `/orders/lookup?${wrong}`)).status, wrong).to.equal(422);
  });

  it('a cursor of GET /orders stays correct while orders arrive', async () => {
    const before = await all('', 200);
    const first = await list('limit=20');
    await call(
      service,
      'POST',
      '/orders',
      { user_id: 'new', item_ids: ['a'], total_amount: 1, occurred_at: '2025-06-01T00:00:00Z' },
      { prefer: 'wait=5' },
    );
    const second = await list(`limit=200&cursor=${first.body.next_cursor}`);
    expect([...first.body.orders, ...second.body.orders]).to.deep.equal(before);
  });

  const filters: [string, (order: Listed) => boolean][] = [
    ['user_id=u-1', (order) => order.user_id === 'u-1'],
    ['status=processing', (order) => order.status === 'processing'],
    ['status=pending', (order) => order.status === 'pending'],
    ['payment_status=paid', (order) => order.payment_status === 'paid'],
    [
      'payment_status=unpaid&status=pending',
      (order) => order.payment_status === 'unpaid' && order.status === 'pending',
    ],
    ['user_id=u-0&status=cancelled', (order) => order.user_id === 'u-0' && order.status === 'cancelled'],
    ['placed_from=2025-01-21T06:00:00Z', (order) => order.placed_at >= '2025-01-21T06:00:00.000Z'],
    ['placed_to=2025-01-21T06:00:00Z', (order) => order.placed_at < '2025-01-21T06:00:00.000Z'],
    [
      'placed_from=2025-01-21T06:00:00Z&placed_to=2025-02-10T06:00:00.001Z&user_id=u-2',
      (order) =>
        order.placed_at >= '2025-01-21T06:00:00.000Z' &&
        order.placed_at <= '2025-02-10T06:00:00.000Z' &&
        order.user_id === 'u-2',
    ],
    ['user_id=nobody', () => false],
    ['user_id=u', () => false],
  ];
  for (const [query, matches] of filters) {
    it(`GET /orders filters by ${query}`, async () => {
      const whole = await all('', 200);
      const expected = whole.filter(matches);
      for (const limit of [2, 200]) expect(await all(query, limit)).to.deep.equal(expected);
    });
  }

  it('GET /orders/metrics has the exact sums of one currency and names the other currencies', async () => {
    const { body } = await call(service, 'GET', '/orders/metrics?to=2025-05-01T00:00:00Z');
    const usd = Array.from({ length: 60 }, (_, nth) => nth).filter((nth) => nth % 10 !== 9);
    const gross = usd.reduce((sum, nth) => sum + nth, 0);
    expect(body).to.deep.include({
      currency: 'USD',
      other_currencies: ['EUR'],
      total_orders: usd.length,
      units: usd.length,
    });
    expect(body.revenue).to.deep.equal({
      ...{ gross, cancelled: 11, refunded: 0, credited: 0, net: gross - 11 },
      ...{ paid: 7, given_back: 0, cash: 7 },
    });
    expect(body.by_status).to.deep.equal({ pending: usd.length - 6, processing: 3, shipped: 1, cancelled: 2 });
    expect(body.average_order_value).to.equal(Math.round((gross / usd.length) * 100) / 100);
    expect(body.processing_time.placed_to_shipped.count).to.equal(1);
    expect((await call(service, 'GET', '/orders/metrics?currency=EUR')).body).to.deep.include({
      total_orders: 6,
      other_currencies: ['USD'],
    });
    expect((await call(service, 'GET', '/orders/metrics?currency=JPY')).body).to.deep.include({
      total_orders: 0,
      average_order_value: null,
    });
  });

  for (const interval of ['hour', 'day', 'week', 'month']) {
    it(`a series of metrics by ${interval} adds up to the total`, async () => {
      const { body } = await call(service, 'GET', `/orders/metrics?interval=${interval}&to=2025-05-01T00:00:00Z`);
      const { series = [] } = body;
      const sum = (field: 'orders' | 'units' | 'cancelled_orders') =>
        series.reduce((total, bucket) => total + bucket[field], 0);
      expect([sum('orders'), sum('units'), sum('cancelled_orders')]).to.deep.equal([body.total_orders, body.units, 2]);
      const starts = series.map(({ start }) => start);
      expect(starts).to.deep.equal(starts.toSorted());
      if (interval === 'month')
        expect(starts).to.deep.equal([
          '2025-01-01T00:00:00.000Z',
          '2025-02-01T00:00:00.000Z',
          '2025-03-01T00:00:00.000Z',
          '2025-04-01T00:00:00.000Z',
        ]);
      if (interval === 'week') for (const start of starts) expect(new Date(start).getUTCDay(), start).to.equal(1);
    });
  }

  it('a range of metrics selects orders by their placing and shows their current state', async () => {
    const { body } = await call(service, 'GET', '/orders/metrics?from=2025-01-01T06:00:00Z&to=2025-01-01T07:00:00Z');
    expect(body.total_orders).to.equal(9);
    expect(body.by_status).to.deep.equal({ pending: 4, processing: 2, shipped: 1, cancelled: 2 });
    expect((await call(service, 'GET', '/orders/metrics?from=2030-01-01T00:00:00Z&interval=day')).body).to.deep.include(
      { total_orders: 0, series: [] },
    );
  });

  it('a series of too many buckets gets 422', async () => {
    await call(
      service,
      'POST',
      '/orders',
      { user_id: 'old', item_ids: ['a'], total_amount: 1, occurred_at: '1980-01-01T00:00:00Z' },
      { prefer: 'wait=5' },
    );
    const answer = await call(service, 'GET', '/orders/metrics?interval=hour');
    expect([answer.status, answer.problem.type]).to.deep.equal([422, '/problems/too-many-buckets']);
    expect((await call(service, 'GET', '/orders/metrics?interval=month')).status).to.equal(200);
  });
});
