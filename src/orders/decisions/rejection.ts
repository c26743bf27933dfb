import type { Order } from '../order.js';

/** Why `decide` refused. Each is a problem type of the HTTP contract (src/http/contract/problem-types.ts is the one table). */
export type RejectionKind =
  | 'order-not-found'
  | 'order-exists'
  | 'invalid-transition'
  | 'order-on-hold'
  | 'exceeds-amount-due'
  | 'exceeds-refundable-amount'
  | 'amended-below-paid'
  | 'exceeds-ordered-quantity'
  | 'exceeds-shipped-quantity'
  | 'person-erased'
  | 'order-history-full'
  | 'invalid-command';

export interface Rejection {
  readonly rejected: RejectionKind;
  readonly detail: string;
  /** The order as it stands; absent where there is none. */
  readonly order?: Order;
  /** For invalid-command: the field that is wrong, as a JSON pointer into the command's body. */
  readonly pointer?: string;
}

export function rejected(kind: RejectionKind, order: Order | undefined, detail: string): Rejection {
  return order ? { rejected: kind, detail, order } : { rejected: kind, detail };
}

export function invalid(pointer: string, detail: string): Rejection {
  return { rejected: 'invalid-command', detail, pointer };
}
