import { expect } from 'chai';
import type { Api } from './api.js';
import { groupByOrder } from './orders.js';
import { findErasedOrders, findNamesInLog } from './persons.js';
import { logOf, orderId, type PlantedEvent, placed } from './planted.js';

describe('the search for forgotten persons', () => {
  it('finds a name that an event of the log has in the clear', () => {
    const orders = groupByOrder(logOf([placed()]), [], () => 2);
    expect(findNamesInLog(orders, ['u-1'])).to.deep.equal([`event 2:1 of order ${orderId} has the name u-1.`]);
    expect(findNamesInLog(orders, ['u-2'])).to.deep.equal([]);
  });

  it('finds an order of a forgotten person by a text of the order', async () => {
    const order = placed();
    const withReference = { ...order, data: { ...order.data, reference: '#7' } };
    const erased = { type: 'OrderPersonErased', data: {} };
    const asked: string[] = [];
    const leadingTo = (id: string): Api => ({
      get: <Body>(path: string) => {
        asked.push(path);
        return Promise.resolve({ orders: [{ order_id: id }] } as Body);
      },
    });
    const search = (id: string, events: PlantedEvent[]) =>
      findErasedOrders(
        leadingTo(id),
        groupByOrder(logOf(events), [], () => 2),
        () => undefined,
      );
    expect(await search(orderId, [withReference, erased])).to.have.length(2);
    expect(asked).to.deep.equal(['/orders/lookup?q=%237', '/orders?limit=200&reference=%237']);
    expect(await search('another order', [withReference, erased])).to.deep.equal([]);
    expect(await search(orderId, [withReference])).to.deep.equal([]);
  });
});
