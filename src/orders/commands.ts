import type { AdjustmentType } from './event-data.js';
import type { MoneyInput } from './values/money.js';

/**
 * The commands on an order. Amounts are still as the caller wrote them: only the order knows its
 * currency, so `decide` parses them.
 */
export type OrderCommand =
  | PlaceOrder
  | AmendOrder
  | PayOrder
  | { readonly command: 'process' }
  | {
      readonly command: 'ship';
      readonly items?: readonly UnitsInput[];
      readonly carrier?: string;
      readonly trackingNumber?: string;
    }
  | {
      readonly command: 'track';
      readonly shipmentId: string;
      readonly carrier?: string;
      readonly trackingNumber?: string;
    }
  | { readonly command: 'deliver'; readonly items?: readonly UnitsInput[]; readonly shipmentId?: string }
  | CancelOrder
  | RefundOrder
  | { readonly command: 'credit'; readonly amount?: MoneyInput; readonly reason: string }
  | ReturnUnits
  | { readonly command: 'hold'; readonly reason: string }
  | { readonly command: 'release'; readonly reason: string }
  | { readonly command: 'note'; readonly text: string };

export interface PlaceOrder extends OrderLines {
  readonly command: 'place';
  readonly userId: string;
  readonly currency: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly reference?: string;
}

/** Fields that are absent stay as they are. */
export interface AmendOrder extends OrderLines {
  readonly command: 'amend';
  readonly metadata?: Readonly<Record<string, string>>;
  readonly reference?: string;
  readonly reason?: string;
}

export interface PayOrder {
  readonly command: 'pay';
  /** By default what is due. */
  readonly amount?: MoneyInput;
  readonly paymentReference?: string;
  /** The money has arrived already: it is recorded even if less or nothing is due. */
  readonly alreadyReceived?: true;
  /** The payment is a further one, although it equals an earlier one with its reference. */
  readonly another?: true;
}

export interface CancelOrder {
  readonly command: 'cancel';
  /** By default all that has not shipped. */
  readonly items?: readonly UnitsInput[];
  /** The amount that comes off the total; by default the price of the units. */
  readonly amount?: MoneyInput;
  readonly reason: string;
}

export interface RefundOrder {
  readonly command: 'refund';
  readonly amount?: MoneyInput;
  /** Sets the default amount to the price of these units. */
  readonly items?: readonly UnitsInput[];
  /** The refunded amount becomes due again. */
  readonly payableAgain?: true;
  readonly reason: string;
}

export interface ReturnUnits {
  readonly command: 'return';
  readonly items?: readonly UnitsInput[];
  /** By default delivered units first, then units in transit. */
  readonly from?: ReturnedFrom;
  readonly shipmentId?: string;
  /** The units are to be shipped once more and do not count as returned. */
  readonly shipAgain?: true;
  readonly reason: string;
}

export const returnedFrom = ['delivered', 'transit'] as const;
export type ReturnedFrom = (typeof returnedFrom)[number];

/**
 * The ordered lines, in one of two forms, and the money of the order. In `itemIds`, each occurrence
 * counts as one unit.
 */
export interface OrderLines {
  readonly items?: readonly LineInput[];
  readonly itemIds?: readonly string[];
  readonly adjustments?: readonly AdjustmentInput[];
  /** If all lines have prices it may be absent: then it is the sum of lines and adjustments. */
  readonly totalAmount?: MoneyInput;
}

export interface LineInput {
  readonly item_id: string;
  readonly quantity: number;
  readonly unit_price?: MoneyInput;
  readonly line_id?: string;
}

export interface AdjustmentInput {
  readonly type: AdjustmentType;
  readonly amount: MoneyInput;
  readonly description?: string;
}

/** Units of a line, or of all lines of an item in their order. */
export interface UnitsInput {
  readonly item_id?: string;
  readonly line_id?: string;
  readonly quantity: number;
}

export type CommandName = OrderCommand['command'];

export const commandNames = [
  'place',
  'amend',
  'pay',
  'process',
  'ship',
  'track',
  'deliver',
  'cancel',
  'refund',
  'credit',
  'return',
  'hold',
  'release',
  'note',
] as const satisfies readonly CommandName[];
