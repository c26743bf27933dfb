import type { Order } from '../order.js';

/**
 * The reasons for which a command is rejected. Each is also a problem type of the HTTP contract,
 * see http/contract/problem-types.ts.
 */
export type RejectionKind =
  | 'order-not-found'
  | 'order-exists'
  | 'invalid-transition'
  | 'order-on-hold'
  | 'exceeds-amount-due'
  | 'exceeds-refundable-amount'
  | 'exceeds-creditable-amount'
  | 'amended-below-credited'
  | 'wrong-cancelled-amount'
  | 'exceeds-ordered-quantity'
  | 'exceeds-units-in-transit'
  | 'exceeds-shipped-quantity'
  | 'shipment-not-found'
  | 'person-erased'
  | 'order-history-full'
  | 'invalid-command';

export interface Rejection {
  readonly rejected: RejectionKind;
  readonly detail: string;
  /** The current order; absent if it does not exist. */
  readonly order?: Order;
  /** For invalid-command: a JSON pointer to the wrong field in the command's body. */
  readonly pointer?: string;
}

export function rejected(kind: RejectionKind, order: Order | undefined, detail: string): Rejection {
  return order ? { rejected: kind, detail, order } : { rejected: kind, detail };
}

export function invalid(pointer: string, detail: string): Rejection {
  return { rejected: 'invalid-command', detail, pointer };
}

export function forbidden(order: Order, why: string): Rejection {
  return rejected('invalid-transition', order, `The order ${why}; it is ${order.status}.`);
}

export function onHold(order: Order): Rejection {
  return rejected('order-on-hold', order, 'The order is on hold; release it first.');
}
