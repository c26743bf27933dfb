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

describe('place', () => {
  it('counts each occurrence of an item id as a quantity of one', () =>
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
  it('refuses an order that is there already', () => given(placed()).when(place).thenRejected('order-exists'));
  it('refuses prices that do not add up to the total', () =>
    given()
      .when({ ...place, itemIds: undefined as never, items: [{ item_id: 'a', quantity: 2, unit_price: 9.99 }] })
      .thenRejected('invalid-command', /19\.98/));
  it('takes prices that add up to the total', () =>
    given()
      .when({ ...place, itemIds: undefined as never, items: [{ item_id: 'a', quantity: 2, unit_price: '10.00' }] })
      .thenOrder({ totalMinor: 2000 }));
  it('refuses an item that is named twice', () =>
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
  it('refuses more decimals than the currency has', () => {
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
  it('takes the decimals that the currency has', () => {
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
  it('refuses a currency that ISO 4217 does not know', () =>
    given()
      .when({ ...place, currency: 'XYZ' })
      .thenRejected('invalid-command', /ISO 4217/));
});

describe('any command on an order that does not exist', () => {
  it('is refused', () => given().when({ command: 'note', text: 'hello' }).thenRejected('order-not-found'));
});

describe('amend', () => {
  const amend = { command: 'amend', itemIds: ['c'], totalAmount: 5, reason: 'other colour' } as const;
  it('changes the items and the total of a pending order', () =>
    given(placed())
      .when(amend)
      .thenOrder({
        totalMinor: 500,
        items: [{ itemId: 'c', quantity: 1, unitPriceMinor: null, shipped: 0, returned: 0 }],
      }));
  it('refuses an order that is being processed', () =>
    given(placed(), processing).when(amend).thenRejected('invalid-transition'));
  it('refuses a total below what has been paid', () =>
    given(placed(), paid(600)).when(amend).thenRejected('amended-below-paid'));
});

describe('pay', () => {
  it('pays what is due by default', () => given(placed(), paid(500)).when({ command: 'pay' }).thenEvents(paid(1500)));
  it('refuses more than is due', () =>
    given(placed())
      .when({ command: 'pay', amount: 20.01 })
      .thenRejected('exceeds-amount-due', /20\.00 USD/));
  it('refuses a payment when nothing is due', () =>
    given(placed(), paid(2000)).when({ command: 'pay' }).thenRejected('exceeds-amount-due'));
  it('refuses an amount of 0', () =>
    given(placed()).when({ command: 'pay', amount: '0.00' }).thenRejected('invalid-command'));
  it('refuses a cancelled order', () =>
    given(placed(), cancelled).when({ command: 'pay' }).thenRejected('invalid-transition'));
  it('takes one after delivery', () =>
    given(placed(), processing, shipped(2), delivered).when({ command: 'pay' }).thenEvents(paid(2000)));
});

describe('process', () => {
  it('starts a pending order', () => given(placed()).when({ command: 'process' }).thenOrder({ status: 'processing' }));
  it('refuses one on hold', () => given(placed(), held).when({ command: 'process' }).thenRejected('order-on-hold'));
  it('refuses one that is being processed', () =>
    given(placed(), processing).when({ command: 'process' }).thenRejected('invalid-transition'));
});

describe('ship', () => {
  it('ships all that is left by default', () =>
    given(placed(), processing, shipped(1)).when({ command: 'ship' }).thenEvents(shipped(1)));
  it('leaves an order partially shipped', () =>
    given(placed(), processing)
      .when({ command: 'ship', items: [{ item_id: 'a', quantity: 1 }] })
      .thenOrder({ status: 'partially_shipped' }));
  it('makes it shipped with the last item', () =>
    given(placed(), processing).when({ command: 'ship' }).thenOrder({ status: 'shipped' }));
  it('refuses more than was ordered', () =>
    given(placed(), processing)
      .when({ command: 'ship', items: [{ item_id: 'a', quantity: 3 }] })
      .thenRejected('exceeds-ordered-quantity', /"a" 2 are left/));
  it('refuses more than was ordered in two lines of one item', () =>
    given(placed(), processing)
      .when({
        command: 'ship',
        items: [
          { item_id: 'a', quantity: 1 },
          { item_id: 'a', quantity: 2 },
        ],
      })
      .thenRejected('exceeds-ordered-quantity'));
  it('refuses an item that was not ordered', () =>
    given(placed(), processing)
      .when({ command: 'ship', items: [{ item_id: 'z', quantity: 1 }] })
      .thenRejected('exceeds-ordered-quantity'));
  it('refuses a pending order', () => given(placed()).when({ command: 'ship' }).thenRejected('invalid-transition'));
  it('refuses one on hold', () =>
    given(placed(), processing, held).when({ command: 'ship' }).thenRejected('order-on-hold'));
});

describe('deliver', () => {
  it('delivers a shipped order', () =>
    given(placed(), processing, shipped(2)).when({ command: 'deliver' }).thenOrder({ status: 'delivered' }));
  it('refuses a partially shipped one', () =>
    given(placed(), processing, shipped(1)).when({ command: 'deliver' }).thenRejected('invalid-transition'));
});

describe('cancel', () => {
  const cancel = { command: 'cancel', reason: 'changed my mind' } as const;
  it('cancels an order of which nothing has shipped', () =>
    given(placed(), processing).when(cancel).thenOrder({ status: 'cancelled' }));
  it('refuses an order of which something has shipped', () =>
    given(placed({ items: 2 }), processing, shipped(1))
      .when(cancel)
      .thenRejected('invalid-transition'));
  it('refuses a cancelled one', () => given(placed(), cancelled).when(cancel).thenRejected('invalid-transition'));
  it('ends a hold', () => given(placed(), held).when(cancel).thenOrder({ onHold: false }));
});

describe('refund', () => {
  const refund = { command: 'refund', reason: 'broken' } as const;
  it('gives all that is left back by default', () =>
    given(placed(), paid(2000), refunded(500)).when(refund).thenEvents(refunded(1500)));
  it('refuses more than was paid', () =>
    given(placed(), paid(500))
      .when({ ...refund, amount: 5.01 })
      .thenRejected('exceeds-refundable-amount', /5\.00 USD/));
  it('refuses when nothing was paid', () => given(placed()).when(refund).thenRejected('exceeds-refundable-amount'));
  it('refunds a cancelled order', () => given(placed(), paid(2000), cancelled).when(refund).thenEvents(refunded(2000)));
});

describe('return', () => {
  const comesBack = { command: 'return', reason: 'too small' } as const;
  it('takes all that was shipped back by default', () =>
    given(placed(), processing, shipped(2), delivered).when(comesBack).thenOrder({ status: 'returned' }));
  it('leaves an order partially returned', () =>
    given(placed(), processing, shipped(2))
      .when({ ...comesBack, items: [{ item_id: 'a', quantity: 1 }] })
      .thenOrder({ status: 'partially_returned' }));
  it('keeps an order partially shipped while something is still to ship', () =>
    given(placed({ items: 3 }), processing, shipped(1), returned(1))
      .when({ command: 'ship' })
      .thenOrder({ status: 'partially_returned' }));
  it('refuses more than was shipped', () =>
    given(placed(), processing, shipped(1))
      .when({ ...comesBack, items: [{ item_id: 'a', quantity: 2 }] })
      .thenRejected('exceeds-shipped-quantity'));
  it('refuses when nothing was shipped', () => given(placed()).when(comesBack).thenRejected('invalid-transition'));
});

describe('hold and release', () => {
  const hold = { command: 'hold', reason: 'fraud check' } as const;
  const release = { command: 'release', reason: 'all fine' } as const;
  it('hold a partially shipped order', () =>
    given(placed(), processing, shipped(1)).when(hold).thenOrder({ onHold: true }));
  it('refuse a hold once all has shipped', () =>
    given(placed(), processing, shipped(2)).when(hold).thenRejected('invalid-transition'));
  it('refuse a second hold', () => given(placed(), held).when(hold).thenRejected('invalid-transition'));
  it('release what is held', () => given(placed(), held).when(release).thenOrder({ onHold: false }));
  it('refuse to release what is not held', () => given(placed()).when(release).thenRejected('invalid-transition'));
});

describe('note', () => {
  it('is always taken', () =>
    given(placed(), cancelled)
      .when({ command: 'note', text: 'called back' })
      .thenEvents({ type: 'OrderNoteAdded', data: { text: 'called back' } }));
});
