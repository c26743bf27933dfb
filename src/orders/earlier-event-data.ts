import { list, nullable, object, text } from '../json-schema.js';
import { eventDataSchemas } from './event-data.js';
import type { OrderEventType } from './events.js';

const { OrderPlaced, OrderRefunded, OrderCancelled, OrderShipped } = eventDataSchemas;
const { reason } = OrderCancelled.properties;
const { amount_minor } = OrderRefunded.properties;
const { carrier, tracking_number } = OrderShipped.properties;
const itemUnits = object({ item_id: text, quantity: { type: 'integer', minimum: 1 } });

/**
 * The data of the schema versions before the current one, from version 1, as the log holds it for
 * ever. upcast.ts converts it. A type that is not here has had one version only.
 */
export const earlierEventDataSchemas: Readonly<Partial<Record<OrderEventType, readonly object[]>>> = {
  OrderAmended: [
    object({
      total_minor: amount_minor,
      items: { ...list(OrderPlaced.properties.items.items), description: 'All lines.' },
      reason: { ...nullable(text), description: reason.description },
    }),
  ],
  OrderShipped: [object({ items: list(itemUnits), carrier, tracking_number })],
  OrderDelivered: [object({})],
  OrderCancelled: [object({ reason })],
  OrderRefunded: [object({ amount_minor, reason })],
  OrderReturned: [object({ items: list(itemUnits), reason })],
};
