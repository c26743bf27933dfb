import type { PlaceOrder } from '../../src/orders/commands.js';
import {
  cancelled,
  delivered,
  given,
  held,
  paid,
  placed,
  processing,
  refunded,
  returned,
  shipped,
} from '../support/given.js';

const place: PlaceOrder = {
  command: 'place',
  userId: 'u-1',
  currency: 'USD',
  totalAmount: 20,
  itemIds: ['a', 'b', 'a'],
};

describe('placing an order', () => {
  it('each occurrence of an item id in a placed order counts as one unit', () =>
    given()
      .when(place)
      .thenEvents({
        type: 'OrderPlaced',
        data: {
          user_id: 'u-1',
          currency: 'USD',
          total_minor: 2000,
          items: [
            { item_id: 'a', quantity: 2, unit_price_minor: null },
            { item_id: 'b', quantity: 1, unit_price_minor: null },
          ],
          metadata: {},
        },
      }));
  it('placing an order that already exists is rejected', () =>
    given(placed()).when(place).thenRejected('order-exists'));
  it('placing an order whose prices do not add up to its total is rejected', () =>
    given()
      .when({ ...place, itemIds: undefined as never, items: [{ item_id: 'a', quantity: 2, unit_price: 9.99 }] })
      .thenRejected('invalid-command', /19\.98/));
  it('placing an order whose prices add up to its total is accepted', () =>
    given()
      .when({ ...place, itemIds: undefined as never, items: [{ item_id: 'a', quantity: 2, unit_price: '10.00' }] })
      .thenOrder({ totalMinor: 2000 }));
  it('placing an order with two lines of one item is rejected', () =>
    given()
      .when({
        ...place,
        itemIds: undefined as never,
        items: [
          { item_id: 'a', quantity: 1 },
          { item_id: 'a', quantity: 1 },
        ],
      })
      .thenRejected('invalid-command', /twice/));
  it('an amount with more decimals than its currency has is rejected', () => {
    given()
      .when({ ...place, totalAmount: '1.999' })
      .thenRejected('invalid-command', /2 decimals/);
    given()
      .when({ ...place, currency: 'JPY', totalAmount: 10.5 })
      .thenRejected('invalid-command', /0 decimals/);
    given()
      .when({ ...place, currency: 'KWD', totalAmount: 1.2345 })
      .thenRejected('invalid-command', /3 decimals/);
  });
  it('an amount with as many decimals as its currency has is accepted', () => {
    given()
      .when({ ...place, currency: 'JPY', totalAmount: 105 })
      .thenOrder({ totalMinor: 105 });
    given()
      .when({ ...place, currency: 'KWD', totalAmount: 1.234 })
      .thenOrder({ totalMinor: 1234 });
    given()
      .when({ ...place, currency: 'CLF', totalAmount: '1.2345' })
      .thenOrder({ totalMinor: 12345 });
  });
  it('a currency that ISO 4217 does not define is rejected', () =>
    given()
      .when({ ...place, currency: 'XYZ' })
      .thenRejected('invalid-command', /ISO 4217/));
});

describe('commands on an order that does not exist', () => {
  it('a command on an order that does not exist is rejected', () =>
    given().when({ command: 'note', text: 'hello' }).thenRejected('order-not-found'));
});

describe('amending an order', () => {
  const amend = { command: 'amend', itemIds: ['c'], totalAmount: 5, reason: 'other colour' } as const;
  it('amending a pending order replaces its items and its total', () =>
    given(placed())
      .when(amend)
      .thenOrder({
        totalMinor: 500,
        items: [{ itemId: 'c', quantity: 1, unitPriceMinor: null, shipped: 0, returned: 0 }],
      }));
  it('amending an order in processing is rejected', () =>
    given(placed(), processing).when(amend).thenRejected('invalid-transition'));
  it('amending an order to a total below the paid amount is rejected', () =>
    given(placed(), paid(600)).when(amend).thenRejected('amended-below-paid'));
});

describe('paying an order', () => {
  it('a payment without an amount pays the amount due', () =>
    given(placed(), paid(500)).when({ command: 'pay' }).thenEvents(paid(1500)));
  it('a payment above the amount due is rejected', () =>
    given(placed())
      .when({ command: 'pay', amount: 20.01 })
      .thenRejected('exceeds-amount-due', /20\.00 USD/));
  it('a payment of an order with nothing due is rejected', () =>
    given(placed(), paid(2000)).when({ command: 'pay' }).thenRejected('exceeds-amount-due'));
  it('a payment of 0 is rejected', () =>
    given(placed()).when({ command: 'pay', amount: '0.00' }).thenRejected('invalid-command'));
  it('a payment of a cancelled order is rejected', () =>
    given(placed(), cancelled).when({ command: 'pay' }).thenRejected('invalid-transition'));
  it('a payment after delivery is accepted', () =>
    given(placed(), processing, shipped(2), delivered).when({ command: 'pay' }).thenEvents(paid(2000)));
});

describe('processing an order', () => {
  it('processing a pending order sets its status to processing', () =>
    given(placed()).when({ command: 'process' }).thenOrder({ status: 'processing' }));
  it('processing an order on hold is rejected', () =>
    given(placed(), held).when({ command: 'process' }).thenRejected('order-on-hold'));
  it('processing an order that is already in processing is rejected', () =>
    given(placed(), processing).when({ command: 'process' }).thenRejected('invalid-transition'));
});

describe('shipping an order', () => {
  it('a shipment without items ships all units that are left', () =>
    given(placed(), processing, shipped(1)).when({ command: 'ship' }).thenEvents(shipped(1)));
  it('a shipment of some units leaves the order partially shipped', () =>
    given(placed(), processing)
      .when({ command: 'ship', items: [{ item_id: 'a', quantity: 1 }] })
      .thenOrder({ status: 'partially_shipped' }));
  it('a shipment of the last units sets the order to shipped', () =>
    given(placed(), processing).when({ command: 'ship' }).thenOrder({ status: 'shipped' }));
  it('a shipment of more units than were ordered is rejected', () =>
    given(placed(), processing)
      .when({ command: 'ship', items: [{ item_id: 'a', quantity: 3 }] })
      .thenRejected('exceeds-ordered-quantity', /"a" has 2 units left to ship/));
  it('a shipment of more units than were ordered is rejected even in two lines of one item', () =>
    given(placed(), processing)
      .when({
        command: 'ship',
        items: [
          { item_id: 'a', quantity: 1 },
          { item_id: 'a', quantity: 2 },
        ],
      })
      .thenRejected('exceeds-ordered-quantity'));
  it('a shipment of an item that was not ordered is rejected', () =>
    given(placed(), processing)
      .when({ command: 'ship', items: [{ item_id: 'z', quantity: 1 }] })
      .thenRejected('exceeds-ordered-quantity'));
  it('shipping a pending order is rejected', () =>
    given(placed()).when({ command: 'ship' }).thenRejected('invalid-transition'));
  it('shipping an order on hold is rejected', () =>
    given(placed(), processing, held).when({ command: 'ship' }).thenRejected('order-on-hold'));
});

describe('delivering an order', () => {
  it('delivering a shipped order sets its status to delivered', () =>
    given(placed(), processing, shipped(2)).when({ command: 'deliver' }).thenOrder({ status: 'delivered' }));
  it('delivering a partially shipped order is rejected', () =>
    given(placed(), processing, shipped(1)).when({ command: 'deliver' }).thenRejected('invalid-transition'));
});

describe('cancelling an order', () => {
  const cancel = { command: 'cancel', reason: 'changed my mind' } as const;
  it('an order without shipments can be cancelled', () =>
    given(placed(), processing).when(cancel).thenOrder({ status: 'cancelled' }));
  it('cancelling an order with a shipment is rejected', () =>
    given(placed({ items: 2 }), processing, shipped(1))
      .when(cancel)
      .thenRejected('invalid-transition'));
  it('cancelling a cancelled order is rejected', () =>
    given(placed(), cancelled).when(cancel).thenRejected('invalid-transition'));
  it('cancelling an order on hold ends the hold', () =>
    given(placed(), held).when(cancel).thenOrder({ onHold: false }));
});

describe('refunding an order', () => {
  const refund = { command: 'refund', reason: 'broken' } as const;
  it('a refund without an amount refunds all that was paid and not yet refunded', () =>
    given(placed(), paid(2000), refunded(500)).when(refund).thenEvents(refunded(1500)));
  it('a refund above the paid amount is rejected', () =>
    given(placed(), paid(500))
      .when({ ...refund, amount: 5.01 })
      .thenRejected('exceeds-refundable-amount', /5\.00 USD/));
  it('a refund of an unpaid order is rejected', () =>
    given(placed()).when(refund).thenRejected('exceeds-refundable-amount'));
  it('a cancelled order can be refunded', () =>
    given(placed(), paid(2000), cancelled).when(refund).thenEvents(refunded(2000)));
});

describe('returning items', () => {
  const comesBack = { command: 'return', reason: 'too small' } as const;
  it('a return without items returns all shipped units', () =>
    given(placed(), processing, shipped(2), delivered).when(comesBack).thenOrder({ status: 'returned' }));
  it('a return of some units leaves the order partially returned', () =>
    given(placed(), processing, shipped(2))
      .when({ ...comesBack, items: [{ item_id: 'a', quantity: 1 }] })
      .thenOrder({ status: 'partially_returned' }));
  it('an order with returned units can still ship the units that are left', () =>
    given(placed({ items: 3 }), processing, shipped(1), returned(1))
      .when({ command: 'ship' })
      .thenOrder({ status: 'partially_returned' }));
  it('a return of more units than were shipped is rejected', () =>
    given(placed(), processing, shipped(1))
      .when({ ...comesBack, items: [{ item_id: 'a', quantity: 2 }] })
      .thenRejected('exceeds-shipped-quantity'));
  it('a return from an order without shipments is rejected', () =>
    given(placed()).when(comesBack).thenRejected('invalid-transition'));
});

describe('holding and releasing an order', () => {
  const hold = { command: 'hold', reason: 'fraud check' } as const;
  const release = { command: 'release', reason: 'all fine' } as const;
  it('a partially shipped order can be put on hold', () =>
    given(placed(), processing, shipped(1)).when(hold).thenOrder({ onHold: true }));
  it('holding a fully shipped order is rejected', () =>
    given(placed(), processing, shipped(2)).when(hold).thenRejected('invalid-transition'));
  it('holding an order that is on hold is rejected', () =>
    given(placed(), held).when(hold).thenRejected('invalid-transition'));
  it('releasing an order ends its hold', () => given(placed(), held).when(release).thenOrder({ onHold: false }));
  it('releasing an order that is not on hold is rejected', () =>
    given(placed()).when(release).thenRejected('invalid-transition'));
});

describe('adding a note', () => {
  it('a note on a cancelled order is accepted', () =>
    given(placed(), cancelled)
      .when({ command: 'note', text: 'called back' })
      .thenEvents({ type: 'OrderNoteAdded', data: { text: 'called back' } }));
});
