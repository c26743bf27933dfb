import { expect } from 'chai';
import { groupByOrder } from './orders.js';
import { findNamesInLog } from './persons.js';
import { logOf, orderId, placed } from './planted.js';

describe('the search for forgotten persons', () => {
  it('finds a name that an event of the log has in the clear', () => {
    const orders = groupByOrder(logOf([placed()]), [], () => 2);
    expect(findNamesInLog(orders, ['u-1'])).to.deep.equal([`event 2:1 of order ${orderId} has the name u-1.`]);
    expect(findNamesInLog(orders, ['u-2'])).to.deep.equal([]);
  });
});
