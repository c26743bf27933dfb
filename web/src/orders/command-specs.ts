import type { Order } from '../api/types.js';
import { money } from '../format/money.js';
import type { IconName } from '../ui/icon.js';

export type CommandName =
  | 'amend'
  | 'pay'
  | 'process'
  | 'ship'
  | 'track'
  | 'deliver'
  | 'cancel'
  | 'refund'
  | 'credit'
  | 'return'
  | 'hold'
  | 'release'
  | 'note';

/** One field of the form of a command. `name` is the field of the command's body. */
export type FieldSpec =
  | {
      readonly kind: 'text' | 'long' | 'money';
      readonly name: string;
      readonly label: string;
      readonly hint?: string;
      readonly isRequired?: boolean;
      /** The value that the field begins with. */
      readonly initial?: string;
    }
  | { readonly kind: 'check'; readonly name: string; readonly label: string; readonly hint: string }
  | {
      readonly kind: 'select';
      readonly name: string;
      readonly label: string;
      readonly options: readonly (readonly [string, string])[];
    }
  | {
      readonly kind: 'units';
      readonly name: 'items';
      readonly label: string;
      /** The units of each line that the command can take. */
      readonly units: readonly { readonly lineId: string; readonly itemId: string; readonly max: number }[];
    }
  | { readonly kind: 'lines'; readonly name: 'items'; readonly label: string };

export interface CommandSpec {
  readonly title: string;
  readonly icon: IconName;
  /** One sentence: what the command does. */
  readonly about: string;
  readonly fields: readonly FieldSpec[];
  readonly isDangerous?: boolean;
}

const reason: FieldSpec = {
  kind: 'text',
  name: 'reason',
  label: 'Reason',
  isRequired: true,
  hint: 'It is part of the history for ever.',
};

/** The form of a command on this order. */
export function commandSpec(name: CommandName, order: Order): CommandSpec {
  const amount = (hint: string): FieldSpec => ({
    kind: 'money',
    name: 'amount',
    label: `Amount in ${order.currency}`,
    hint,
  });
  const due = order.balance > 0 ? money(order.balance, order.currency) : 'nothing is due';
  switch (name) {
    case 'amend':
      return {
        title: 'Amend',
        icon: 'edit',
        about: 'Changes lines and prices before anything ships, or the reference at any time.',
        fields: [
          { kind: 'text', name: 'reference', label: 'Reference', initial: order.reference ?? '' },
          { kind: 'lines', name: 'items', label: 'Lines' },
          { kind: 'text', name: 'reason', label: 'Reason', hint: 'Needed if lines or prices change.' },
        ],
      };
    case 'pay':
      return {
        title: 'Record a payment',
        icon: 'card',
        about: 'Records money that was paid.',
        fields: [
          amount(`Empty: what is due (${due}).`),
          { kind: 'text', name: 'payment_reference', label: 'Payment reference' },
          {
            kind: 'check',
            name: 'already_received',
            label: 'The money has arrived already',
            hint: 'Then it is recorded even if less, or nothing, is due.',
          },
          {
            kind: 'check',
            name: 'another',
            label: 'A further payment',
            hint: 'Although it equals an earlier one with this reference.',
          },
        ],
      };
    case 'process':
      return { title: 'Start processing', icon: 'gear', about: 'The order can then be shipped.', fields: [] };
    case 'ship':
      return {
        title: 'Ship',
        icon: 'truck',
        about: 'Records that units left. Without a choice, everything that is left to ship.',
        fields: [
          units('Units to ship', order, ({ quantity, cancelled, shipped }) => quantity - cancelled - shipped),
          { kind: 'text', name: 'carrier', label: 'Carrier' },
          { kind: 'text', name: 'tracking_number', label: 'Tracking number' },
        ],
      };
    case 'track':
      return {
        title: 'Correct a shipment',
        icon: 'edit',
        about: 'Corrects the carrier or the tracking number of a shipment.',
        fields: [
          { kind: 'select', name: 'shipment_id', label: 'Shipment', options: shipments(order) },
          { kind: 'text', name: 'carrier', label: 'Carrier' },
          { kind: 'text', name: 'tracking_number', label: 'Tracking number' },
        ],
      };
    case 'deliver':
      return {
        title: 'Record a delivery',
        icon: 'home',
        about: 'Records that units have arrived.',
        fields: [
          {
            kind: 'select',
            name: 'shipment_id',
            label: 'Shipment',
            options: [['', 'Everything in transit'], ...shipments(order)],
          },
        ],
      };
    case 'cancel':
      return {
        title: 'Cancel',
        icon: 'cross',
        about: 'Cancels units that have not shipped. Without a choice, all of them.',
        isDangerous: true,
        fields: [
          units('Units to cancel', order, ({ quantity, cancelled, shipped }) => quantity - cancelled - shipped),
          amount('Comes off the total. Empty: the price of the units.'),
          reason,
        ],
      };
    case 'refund':
      return {
        title: 'Refund',
        icon: 'back',
        about: 'Gives money back. A surplus comes first; the rest lowers what the order is worth.',
        isDangerous: true,
        fields: [
          amount(
            order.balance < 0
              ? `Empty: the surplus (${money(-order.balance, order.currency)}).`
              : `Empty: all that was paid and kept (${money(order.paid_amount - order.refunded_amount, order.currency)}).`,
          ),
          {
            kind: 'check',
            name: 'payable_again',
            label: 'It is to be paid again',
            hint: 'After a chargeback, or if the wrong card was charged.',
          },
          reason,
        ],
      };
    case 'credit':
      return {
        title: 'Credit',
        icon: 'card',
        about: 'Lowers what the order is worth without moving money.',
        fields: [amount(`Empty: what is due (${due}).`), reason],
      };
    case 'return':
      return {
        title: 'Take back',
        icon: 'back',
        about: 'Records units that came back. Without a choice, everything that was shipped.',
        fields: [
          units('Units that came back', order, ({ shipped, returned }) => shipped - returned),
          {
            kind: 'select',
            name: 'from',
            label: 'They came from',
            options: [
              ['', 'The customer first, then transit'],
              ['delivered', 'The customer'],
              ['transit', 'Transit: refused or lost'],
            ],
          },
          { kind: 'check', name: 'ship_again', label: 'To be shipped again', hint: 'They do not count as returned.' },
          reason,
        ],
      };
    case 'hold':
      return { title: 'Hold', icon: 'pause', about: 'Nothing is processed or shipped meanwhile.', fields: [reason] };
    case 'release':
      return { title: 'Release', icon: 'check', about: 'Ends the hold.', fields: [reason] };
    case 'note':
      return {
        title: 'Add a note',
        icon: 'note',
        about: 'Adds a text to the history.',
        fields: [{ kind: 'long', name: 'text', label: 'Note', isRequired: true }],
      };
  }
}

function units(label: string, { items }: Order, left: (line: Order['items'][number]) => number): FieldSpec {
  const all = items.map((line) => ({ lineId: line.line_id, itemId: line.item_id, max: left(line) }));
  return { kind: 'units', name: 'items', label, units: all.filter(({ max }) => max > 0) };
}

function shipments(order: Order): (readonly [string, string])[] {
  return order.shipments.map(({ shipment_id, carrier, tracking_number }) => [
    shipment_id,
    [`Shipment ${shipment_id}`, carrier, tracking_number].filter(Boolean).join(', '),
  ]);
}
