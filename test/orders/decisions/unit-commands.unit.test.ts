import type { OrderEvent } from '../../../src/orders/events.js';
import { orderLimits } from '../../../src/orders/limits.js';
import { cancelled, delivered, given, held, placed, processing, returned, shipped } from '../../support/given.js';

/** Three lines: two of item a, one of item b, two units each. */
const threeLines: OrderEvent = {
  type: 'OrderPlaced',
  data: {
    user_id: 'u-1',
    currency: 'USD',
    total_minor: 6000,
    items: [
      { item_id: 'a', quantity: 2, unit_price_minor: 1000 },
      { item_id: 'b', quantity: 2, unit_price_minor: 1000 },
      { item_id: 'a', quantity: 2, unit_price_minor: 1000 },
    ],
    metadata: {},
  },
};

function units(line_id: string, item_id: string, quantity: number) {
  return { line_id, item_id, quantity };
}

describe('shipping an order', () => {
  it('a shipment without items ships all units that are left', () =>
    given(placed({ items: 3 }), processing, shipped(1))
      .when({ command: 'ship' })
      .thenEvents(shipped(2, '2')));
  it('a shipment of some units leaves the order partially shipped', () =>
    given(placed(), processing)
      .when({ command: 'ship', items: [{ item_id: 'a', quantity: 1 }] })
      .thenOrder({ status: 'partially_shipped' }));
  it('a shipment of the last units sets the order to shipped', () =>
    given(placed(), processing, shipped(1)).when({ command: 'ship' }).thenOrder({ status: 'shipped' }));
  it('a shipment of more units than are left is rejected', () =>
    given(placed(), processing, shipped(1))
      .when({ command: 'ship', items: [{ item_id: 'a', quantity: 2 }] })
      .thenRejected('exceeds-ordered-quantity', /1 unit left/));
  it('a shipment of more units than are left is rejected even in two entries of one item', () =>
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
      .thenRejected('exceeds-ordered-quantity', /"z" has 0 units/));
  it('shipping a pending order is rejected', () =>
    given(placed())
      .when({ command: 'ship' })
      .thenRejected('invalid-transition', /nothing that can be shipped now/));
  it('shipping an order on hold is rejected', () =>
    given(placed(), processing, held).when({ command: 'ship' }).thenRejected('order-on-hold'));
  it('the items of all shipments are limited, and what is left can be cancelled', () => {
    const { maxShippedItems, maxItems } = orderLimits;
    const items = Array.from({ length: maxItems }, (_, nth) => {
      return { item_id: `i-${nth}`, quantity: 5, unit_price_minor: 100 };
    });
    const one = items.map(({ item_id }, nth) => units(String(nth + 1), item_id, 1));
    const shipments = Array.from({ length: maxShippedItems / maxItems }, (_, nth): OrderEvent => {
      const data = { items: one, carrier: null, tracking_number: null, shipment_id: String(nth + 1) };
      return { type: 'OrderShipped', data };
    });
    const order = given(
      { type: 'OrderPlaced', data: { ...placed().data, total_minor: maxItems * 500, items } },
      processing,
      ...shipments,
    );
    order.when({ command: 'ship' }).thenRejected('order-history-full', /20000 items in all, and have 20000/);
    const fewer = given(
      { type: 'OrderPlaced', data: { ...placed().data, total_minor: maxItems * 500, items } },
      processing,
      ...shipments.slice(0, -1),
    );
    fewer.when({ command: 'ship' }).thenOrder({ status: 'shipped' });
    order.when({ command: 'cancel', reason: 'r' }).thenOrder({ status: 'shipped' });
  });
  it('a line that is named is taken first, whatever the order of the entries', () =>
    given(threeLines, processing)
      .when({
        command: 'ship',
        items: [
          { item_id: 'a', quantity: 2 },
          { line_id: '1', quantity: 2 },
        ],
      })
      .thenEvents({
        type: 'OrderShipped',
        data: {
          items: [units('1', 'a', 2), units('3', 'a', 2)],
          carrier: null,
          tracking_number: null,
          shipment_id: '1',
        },
      }));
  it('a rejection says how many units other entries leave', () =>
    given(threeLines, processing)
      .when({
        command: 'ship',
        items: [
          { line_id: '1', quantity: 2 },
          { item_id: 'a', quantity: 3 },
        ],
      })
      .thenRejected('exceeds-ordered-quantity', /^Item "a" has 2 units left/));
  it('an item of several lines is taken in the order of its lines', () =>
    given(threeLines, processing)
      .when({ command: 'ship', items: [{ item_id: 'a', quantity: 3 }] })
      .thenEvents({
        type: 'OrderShipped',
        data: {
          items: [units('1', 'a', 2), units('3', 'a', 1)],
          ...{ carrier: null, tracking_number: null, shipment_id: '1' },
        },
      }));
  it('a line id names one line, and must belong to the item beside it', () => {
    given(threeLines, processing)
      .when({ command: 'ship', items: [{ line_id: '3', item_id: 'a', quantity: 1 }] })
      .thenEvents({
        type: 'OrderShipped',
        data: { items: [units('3', 'a', 1)], carrier: null, tracking_number: null, shipment_id: '1' },
      });
    given(threeLines, processing)
      .when({ command: 'ship', items: [{ line_id: '3', item_id: 'b', quantity: 1 }] })
      .thenRejected('exceeds-ordered-quantity', /Line "3" has 0 units/);
  });
});

describe('correcting a shipment', () => {
  it('a correction changes what it names and keeps the rest', () =>
    given(placed(), processing, {
      type: 'OrderShipped',
      data: { items: [units('1', 'a', 2)], carrier: 'DHL', tracking_number: 'T-1', shipment_id: '1' },
    })
      .when({ command: 'track', shipmentId: '1', trackingNumber: 'T-2' })
      .thenShipments({ carrier: 'DHL', trackingNumber: 'T-2' }));
  it('a correction of the carrier leaves the tracking number, and the other shipments as they are', () =>
    given(placed(), processing, shipped(1), {
      type: 'OrderShipped',
      data: { items: [units('1', 'a', 1)], carrier: 'DHL', tracking_number: 'T-1', shipment_id: '2' },
    })
      .when({ command: 'track', shipmentId: '2', carrier: 'UPS' })
      .thenShipments(
        { carrier: null, trackingNumber: null },
        { shipmentId: '2', carrier: 'UPS', trackingNumber: 'T-1' },
      ));
  it('a correction of a shipment that does not exist is rejected', () =>
    given(placed(), processing, shipped(2))
      .when({ command: 'track', shipmentId: '2', carrier: 'DHL' })
      .thenRejected('shipment-not-found', /one shipment, "1"/));
  it('a shipment that does not exist is rejected with the shipments that do, in every command that names one', () => {
    const orders: [ReturnType<typeof given>, RegExp][] = [
      [given(placed(), processing), /has no shipments\.$/],
      [given(placed(), processing, shipped(1)), /has one shipment, "1"\.$/],
      [given(placed(), processing, shipped(1), shipped(1, '2')), /has shipments "1" to "2"\.$/],
    ];
    for (const [order, range] of orders) {
      order.when({ command: 'track', shipmentId: '3', carrier: 'DHL' }).thenRejected('shipment-not-found', range);
      order.when({ command: 'deliver', shipmentId: '3' }).thenRejected('shipment-not-found', range);
      order.when({ command: 'return', shipmentId: '3', reason: 'r' }).thenRejected('shipment-not-found', range);
    }
  });
});

describe('delivering an order', () => {
  const twoShipments = given(placed(), processing, shipped(1), shipped(1, '2'));
  it('delivering a shipped order sets its status to delivered', () =>
    given(placed(), processing, shipped(2))
      .when({ command: 'deliver' })
      .thenEvents(delivered)
      .thenOrder({ status: 'delivered' }));
  it('delivering one of two shipments leaves the order shipped', () =>
    twoShipments.when({ command: 'deliver', shipmentId: '2' }).thenOrder({ status: 'shipped' }));
  it('units without a shipment are of the oldest one', () =>
    twoShipments
      .when({ command: 'deliver', items: [{ item_id: 'a', quantity: 1 }] })
      .thenShipments({ inTransit: 0 }, { inTransit: 1 }));
  it('what has been shipped of a partially shipped order can be delivered', () =>
    given(placed(), processing, shipped(1)).when({ command: 'deliver' }).thenOrder({ status: 'partially_shipped' }));
  it('delivering more units than are in transit is rejected', () => {
    twoShipments
      .when({ command: 'deliver', items: [{ item_id: 'a', quantity: 3 }] })
      .thenRejected('exceeds-units-in-transit', /2 units left in transit/);
    twoShipments
      .when({ command: 'deliver', shipmentId: '1', items: [{ item_id: 'a', quantity: 2 }] })
      .thenRejected('exceeds-units-in-transit', /1 unit left/);
  });
  it('delivering an order with nothing in transit is rejected', () =>
    given(placed(), processing, shipped(2), delivered)
      .when({ command: 'deliver' })
      .thenRejected('invalid-transition', /has nothing in transit; it is delivered/));
  it('delivering a shipment that has arrived is rejected, although another one is in transit', () =>
    given(placed(), processing, shipped(1), delivered, shipped(1, '2'))
      .when({ command: 'deliver', shipmentId: '1' })
      .thenRejected('invalid-transition', /has nothing in transit in shipment 1; it is shipped/));
  it('a shipment is delivered when its last unit has arrived', () => {
    const first: OrderEvent = { type: 'OrderDelivered', data: { items: [units('1', 'a', 1)], shipment_id: null } };
    given(placed(), processing, shipped(2), first).thenShipments({ inTransit: 1 });
    given(placed(), processing, shipped(2), first, delivered).thenShipments({
      inTransit: 0,
      arrivedAt: '2026-01-01T00:00:04.000Z',
    });
  });
});

describe('returning items', () => {
  const comesBack = { command: 'return', reason: 'too small' } as const;
  const one = [{ item_id: 'a', quantity: 1 }];
  it('a return without items returns all shipped units', () =>
    given(placed(), processing, shipped(2), delivered).when(comesBack).thenOrder({ status: 'returned' }));
  it('a return of some units leaves the order partially returned', () =>
    given(placed(), processing, shipped(2), delivered)
      .when({ ...comesBack, items: one })
      .thenEvents(returned(1))
      .thenOrder({ status: 'partially_returned' }));
  it('units that are refused come back from transit, and the others can still be delivered', () => {
    given(placed(), processing, shipped(2))
      .when({ ...comesBack, items: one })
      .thenEvents(returned(1, 1))
      .thenOrder({ status: 'shipped' });
    given(placed(), processing, shipped(2), returned(1, 1))
      .when({ command: 'deliver' })
      .thenOrder({ status: 'partially_returned' });
  });
  it('delivered units come back first, unless the return says otherwise', () => {
    const order = given(placed(), processing, shipped(1), delivered, shipped(1, '2'));
    order.when({ ...comesBack, items: one }).thenEvents(returned(1));
    order.when({ ...comesBack, items: one, from: 'transit' }).thenEvents(returned(1, 1));
    order.when({ ...comesBack, from: 'delivered' }).thenEvents(returned(1));
    order
      .when({ ...comesBack, shipmentId: '2' })
      .thenShipments({ inTransit: 0 }, { inTransit: 0 })
      .thenOrder({ status: 'partially_returned' });
  });
  it('units that are to be shipped again do not count as returned', () => {
    given(placed(), processing, shipped(2))
      .when({ ...comesBack, from: 'transit', shipAgain: true })
      .thenOrder({ status: 'processing' });
    given(placed(), processing, shipped(2), delivered)
      .when({ ...comesBack, items: one, shipAgain: true })
      .thenOrder({ status: 'partially_shipped' });
  });
  it('an order with returned units can still ship and cancel the units that are left', () => {
    const order = given(placed({ items: 3, price: 500 }), processing, shipped(1), returned(1, 1));
    order.when({ command: 'ship' }).thenOrder({ status: 'shipped' });
    order.when({ command: 'cancel', reason: 'r' }).thenOrder({ status: 'returned' });
  });
  it('a return of more units than were shipped is rejected', () =>
    given(placed(), processing, shipped(1))
      .when({ ...comesBack, items: [{ item_id: 'a', quantity: 2 }] })
      .thenRejected('exceeds-shipped-quantity', /^Item "a" has 1 unit left to return\.$/));
  it('a return without items takes delivered units and units in transit', () =>
    given(placed(), processing, shipped(1), delivered, shipped(1, '2')).when(comesBack).thenEvents(returned(2, 1)));
  it('a return of some units is rejected if all have come back', () =>
    given(placed(), processing, shipped(2), returned(2, 2))
      .when({ ...comesBack, items: one })
      .thenRejected('invalid-transition', /no shipped units left to return/));
  it('a unit that came back cannot come back again from the same shipment', () => {
    const order = given(placed(), processing, shipped(1), shipped(1, '2'), delivered, returned(1));
    order.when({ ...comesBack, shipmentId: '2' }).thenOrder({ status: 'returned' });
    order.when({ ...comesBack, shipmentId: '1' }).thenRejected('invalid-transition', /left to return in shipment 1/);
    order
      .when({ ...comesBack, shipmentId: '1', items: one })
      .thenRejected('exceeds-shipped-quantity', /has 0 units left to return/);
  });
  it('a return says what its shipment, or the order, has none of', () => {
    const order = given(placed(), processing, shipped(1), returned(1, 1), shipped(1, '2'));
    order
      .when({ ...comesBack, shipmentId: '1' })
      .thenRejected('invalid-transition', /no shipped units left to return in shipment 1; it is shipped/);
    order
      .when({ ...comesBack, from: 'delivered' })
      .thenRejected('invalid-transition', /no shipped units delivered; it is shipped/);
  });
  it('a return of units in transit is rejected if all have arrived', () =>
    given(placed(), processing, shipped(2), delivered)
      .when({ ...comesBack, from: 'transit' })
      .thenRejected('invalid-transition', /no shipped units in transit/));
  it('a return from an order without shipments is rejected', () => {
    given(placed())
      .when(comesBack)
      .thenRejected('invalid-transition', /left to return; it is pending/);
    given(placed(), cancelled()).when(comesBack).thenRejected('invalid-transition');
  });
});
