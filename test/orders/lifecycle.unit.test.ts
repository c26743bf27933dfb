import type { PlaceOrder } from '../../src/orders/commands.js';
import { cancelled, given, held, placed, processing, shipped } from '../support/given.js';

const place: PlaceOrder = {
  command: 'place',
  userId: 'u-1',
  currency: 'USD',
  totalAmount: 20,
  itemIds: ['a', 'b', 'a'],
};

/** The same, for commands with `items`. */
const { itemIds: _, ...placeLines } = place;

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
    given(placed())
      .when(place)
      .thenRejected('order-exists', /already exists/));
  it('placing an order whose prices do not add up to its total is rejected', () =>
    given()
      .when({ ...placeLines, items: [{ item_id: 'a', quantity: 2, unit_price: 9.99 }] })
      .thenRejected('invalid-command', /19\.98/));
  it('placing an order whose prices add up to its total is accepted', () =>
    given()
      .when({ ...placeLines, items: [{ item_id: 'a', quantity: 2, unit_price: '10.00' }] })
      .thenOrder({ totalMinor: 2000 }));
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
    given()
      .when({ command: 'note', text: 'hello' })
      .thenRejected('order-not-found', /no order with this id/));
});

describe('processing an order', () => {
  it('processing a pending order sets its status to processing', () =>
    given(placed()).when({ command: 'process' }).thenOrder({ status: 'processing' }));
  it('processing an order on hold is rejected', () =>
    given(placed(), held)
      .when({ command: 'process' })
      .thenRejected('order-on-hold', /release it first/));
  it('processing an order that is already in processing is rejected', () =>
    given(placed(), processing)
      .when({ command: 'process' })
      .thenRejected('invalid-transition', /only while it is pending/));
});

describe('holding and releasing an order', () => {
  const hold = { command: 'hold', reason: 'fraud check' } as const;
  const release = { command: 'release', reason: 'all fine' } as const;
  it('a partially shipped order can be put on hold', () =>
    given(placed(), processing, shipped(1)).when(hold).thenOrder({ onHold: true }));
  it('holding a fully shipped order is rejected', () =>
    given(placed(), processing, shipped(2))
      .when(hold)
      .thenRejected('invalid-transition', /before it is fully shipped/));
  it('holding an order that is on hold is rejected', () =>
    given(placed(), held)
      .when(hold)
      .thenRejected('invalid-transition', /already on hold/));
  it('releasing an order ends its hold', () => given(placed(), held).when(release).thenOrder({ onHold: false }));
  it('releasing an order that is not on hold is rejected', () =>
    given(placed())
      .when(release)
      .thenRejected('invalid-transition', /not on hold; it is pending/));
});

describe('adding a note', () => {
  it('a note on a cancelled order is accepted', () =>
    given(placed(), cancelled())
      .when({ command: 'note', text: 'called back' })
      .thenEvents({ type: 'OrderNoteAdded', data: { text: 'called back' } }));
});
