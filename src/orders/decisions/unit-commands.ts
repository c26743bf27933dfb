import type { OrderCommand, ReturnUnits } from '../commands.js';
import { orderLimits } from '../limits.js';
import { type Order, type OrderItem, type Shipment, unitsToShip, unitsWithCustomer } from '../order.js';
import { isShippable, shippedItems } from './allowed-commands.js';
import { areAll, chooseUnits, lineUnits } from './choose-units.js';
import type { Events } from './decision.js';
import { forbidden, onHold, type Rejection, rejected } from './rejection.js';

type CommandOf<Name extends OrderCommand['command']> = Extract<OrderCommand, { readonly command: Name }>;

/** Creates a shipment. */
export function ship({ items, carrier, trackingNumber }: CommandOf<'ship'>, order: Order): Events {
  if (!isShippable(order)) return forbidden(order, 'has nothing that can be shipped now');
  if (order.onHold) return onHold(order);
  const choice = chooseUnits(order.items, items, unitsToShip);
  if ('missing' in choice) return rejected('exceeds-ordered-quantity', order, `${choice.missing} to ship.`);
  const before = shippedItems(order);
  const { maxShippedItems } = orderLimits;
  if (before + choice.chosen.length > maxShippedItems) {
    const rule = `The shipments of an order may have ${maxShippedItems} items in all, and have ${before}`;
    return rejected('order-history-full', order, `${rule}: ship fewer lines, or cancel what is left.`);
  }
  return [
    {
      type: 'OrderShipped',
      data: {
        items: choice.chosen.map(lineUnits),
        carrier: carrier ?? null,
        tracking_number: trackingNumber ?? null,
        shipment_id: String(order.shipments.length + 1),
      },
    },
  ];
}

/** Corrects a shipment. */
export function track({ shipmentId, carrier, trackingNumber }: CommandOf<'track'>, order: Order): Events {
  const shipment = findShipment(order, shipmentId);
  if ('rejected' in shipment) return shipment;
  return [
    {
      type: 'OrderShipmentTracked',
      data: { shipment_id: shipmentId, carrier: carrier ?? null, tracking_number: trackingNumber ?? null },
    },
  ];
}

/** Records that units have arrived. */
export function deliver({ items, shipmentId }: CommandOf<'deliver'>, order: Order): Events {
  const shipment = shipmentId === undefined ? undefined : findShipment(order, shipmentId);
  if (shipment && 'rejected' in shipment) return shipment;
  const [inTransit] = placesOf(shipment);
  const choice = chooseUnits(order.items, items, inTransit);
  if ('missing' in choice) return rejected('exceeds-units-in-transit', order, `${choice.missing} in transit.`);
  if (choice.chosen.length === 0) {
    return forbidden(order, `has nothing in transit${shipment ? ` in shipment ${shipment.shipmentId}` : ''}`);
  }
  const isEverything = areAll(choice.chosen, order.items, ({ inTransit }) => inTransit);
  const data = isEverything
    ? { items: null, shipment_id: null }
    : { items: choice.chosen.map(lineUnits), shipment_id: shipmentId ?? null };
  return [{ type: 'OrderDelivered', data }];
}

/** Takes units back, delivered ones first. */
export function comeBack({ items, from, shipmentId, shipAgain, reason }: ReturnUnits, order: Order): Events {
  const shipment = shipmentId === undefined ? undefined : findShipment(order, shipmentId);
  if (shipment && 'rejected' in shipment) return shipment;
  const [inTransit, withCustomer] = placesOf(shipment);
  const none = () => 0;
  const choice = chooseUnits(
    order.items,
    items,
    from === 'transit' ? none : withCustomer,
    from === 'delivered' ? none : inTransit,
  );
  if ('missing' in choice) {
    if (order.units.shipped === order.units.returned) return forbidden(order, 'has no shipped units left to return');
    return rejected('exceeds-shipped-quantity', order, `${choice.missing} to return.`);
  }
  if (choice.chosen.length === 0) {
    const place = from === undefined ? 'left to return' : from === 'transit' ? 'in transit' : 'delivered';
    return forbidden(order, `has no shipped units ${place}${shipment ? ` in shipment ${shipment.shipmentId}` : ''}`);
  }
  const units = choice.chosen.map((one) => {
    return one.fromSecond > 0 ? { ...lineUnits(one), in_transit: one.fromSecond } : lineUnits(one);
  });
  return [
    {
      type: 'OrderReturned',
      data: { items: units, shipment_id: shipmentId ?? null, ...(shipAgain ? { ship_again: true } : {}), reason },
    },
  ];
}

function findShipment(order: Order, shipmentId: string): Shipment | Rejection {
  const found = order.shipments.find((shipment) => shipment.shipmentId === shipmentId);
  if (found) return found;
  const count = order.shipments.length;
  const range = count === 0 ? 'no shipments' : count === 1 ? 'one shipment, "1"' : `shipments "1" to "${count}"`;
  return rejected('shipment-not-found', order, `The order has ${range}.`);
}

/**
 * Gives the units of a line that are in transit and with the customer, in one shipment or in all.
 */
function placesOf(shipment: Shipment | undefined) {
  if (!shipment) return [({ inTransit }: OrderItem) => inTransit, unitsWithCustomer] as const;
  const lines = new Map(shipment.items.map((item) => [item.lineId, item]));
  return [
    ({ lineId }: OrderItem) => lines.get(lineId)?.inTransit ?? 0,
    ({ lineId }: OrderItem) => lines.get(lineId)?.withCustomer ?? 0,
  ] as const;
}
