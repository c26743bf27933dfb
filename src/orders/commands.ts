import type { ItemQuantity } from './events.js';
import type { MoneyInput } from './values/money.js';

/**
 * The commands on an order. Amounts are still as the caller wrote them: only the order knows its
 * currency, so `decide` parses them.
 */
export type OrderCommand =
  | PlaceOrder
  | ({ readonly command: 'amend'; readonly reason: string } & OrderLines & { readonly totalAmount: MoneyInput })
  | { readonly command: 'pay'; readonly amount?: MoneyInput; readonly paymentReference?: string }
  | { readonly command: 'process' }
  | {
      readonly command: 'ship';
      readonly items?: readonly ItemQuantity[];
      readonly carrier?: string;
      readonly trackingNumber?: string;
    }
  | { readonly command: 'deliver' }
  | { readonly command: 'cancel'; readonly reason: string }
  | { readonly command: 'refund'; readonly amount?: MoneyInput; readonly reason: string }
  | { readonly command: 'return'; readonly items?: readonly ItemQuantity[]; readonly reason: string }
  | { readonly command: 'hold'; readonly reason: string }
  | { readonly command: 'release'; readonly reason: string }
  | { readonly command: 'note'; readonly text: string };

export interface PlaceOrder extends OrderLines {
  readonly command: 'place';
  readonly userId: string;
  readonly currency: string;
  readonly totalAmount: MoneyInput;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The ordered items, in one of two forms; exactly one is given. In `itemIds`, each occurrence
 * counts as one unit.
 */
export interface OrderLines {
  readonly items?: readonly (ItemQuantity & { readonly unit_price?: MoneyInput })[];
  readonly itemIds?: readonly string[];
}

export type CommandName = OrderCommand['command'];

export const commandNames = [
  'place',
  'amend',
  'pay',
  'process',
  'ship',
  'deliver',
  'cancel',
  'refund',
  'return',
  'hold',
  'release',
  'note',
] as const satisfies readonly CommandName[];
