import type { EventData } from './fold.js';

/** Units of a command, named by line or by item. */
export interface RequestedUnits {
  line_id?: string;
  item_id?: string;
  quantity: number;
}

/** The body of a command, as a client sent it. */
export interface CommandBody {
  user_id?: string;
  order_id?: string;
  items?: (RequestedUnits & { unit_price?: number | string })[];
  item_ids?: string[];
  adjustments?: { type: string; amount: number | string; description?: string }[];
  total_amount?: number | string;
  currency?: string;
  reference?: string;
  metadata?: Record<string, string>;
  reason?: string;
  amount?: number | string;
  payment_reference?: string;
  already_received?: boolean;
  another?: boolean;
  carrier?: string;
  tracking_number?: string;
  shipment_id?: string;
  payable_again?: boolean;
  from?: 'delivered' | 'transit';
  ship_again?: boolean;
  text?: string;
  occurred_at?: string;
}

/** The outcome that the sequential rules give a command: docs/orders.md. */
export type Decision =
  | { outcome: 'event'; type: string; data: EventData }
  /** The command repeats an earlier one and changes nothing. */
  | { outcome: 'repeated' }
  | { outcome: 'rejected'; reason: string };
