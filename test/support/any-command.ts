import fc from 'fast-check';
import type { OrderCommand } from '../../src/orders/commands.js';

const itemId = fc.constantFrom('a', 'b', 'c');
const quantity = fc.integer({ min: 1, max: 4 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Mostly absent. */
const rarely = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 });
const units = fc.oneof(
  fc.record({ item_id: itemId, quantity }),
  fc.record({ line_id: fc.constantFrom('1', '2', '3', 'x'), quantity }),
);
const items = fc.array(units, { minLength: 1, maxLength: 3 });
const amount = fc.integer({ min: 0, max: 3000 }).map((minor) => (minor / 100).toFixed(2));
const itemIds = fc.array(itemId, { minLength: 1, maxLength: 6 });
/** Lines with prices, of which an item may have several. */
const lines = fc.array(
  fc.record({ item_id: itemId, quantity: fc.constantFrom(1, 2, 4), unit_price: fc.constantFrom('2.50', 0, '1.0025') }),
  { minLength: 1, maxLength: 3 },
);
const adjustments = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom('shipping' as const, 'tax' as const, 'tip' as const), amount }),
    fc.record({ type: fc.constant('discount' as const), amount: fc.constantFrom(-1, '-0.50') }),
  ),
  { maxLength: 2 },
);
const reason = fc.constant('r');
const shipmentId = fc.constantFrom('1', '2', '3');
const yes = fc.constant(true as const);
const reference = fc.constantFrom('p-1', 'p-2');

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** Any command, sensible or not. */
export const anyCommand: fc.Arbitrary<OrderCommand> = fc
  .oneof(
    fc.record({
      command: fc.constant('place' as const),
      userId: fc.constant('u'),
      currency: fc.constantFrom('USD', 'JPY', 'KWD'),
      totalAmount: fc.integer({ min: 0, max: 30 }),
      itemIds,
    }),
    fc.record({
      command: fc.constant('place' as const),
      userId: fc.constant('u'),
      currency: fc.constant('USD'),
      items: lines,
      adjustments: optional(adjustments),
      reference: optional(fc.constant('#1')),
    }),
    fc.record({ command: fc.constant('amend' as const), totalAmount: amount, itemIds, reason }),
    fc.record({
      command: fc.constant('amend' as const),
      items: rarely(lines),
      adjustments: optional(adjustments),
      reference: optional(fc.constantFrom('#1', '#2')),
      metadata: rarely(fc.constantFrom({}, { a: 'b' })),
      reason: optional(reason),
    }),
    fc.record({
      command: fc.constant('pay' as const),
      amount: optional(amount),
      paymentReference: optional(reference),
      alreadyReceived: rarely(yes),
      another: rarely(yes),
    }),
    fc.constant({ command: 'process' as const }),
    fc.record({ command: fc.constant('ship' as const), items: optional(items), carrier: rarely(fc.constant('DHL')) }),
    fc.record({ command: fc.constant('track' as const), shipmentId, trackingNumber: fc.constantFrom('T-1', 'T-2') }),
    fc.record({ command: fc.constant('deliver' as const), items: rarely(items), shipmentId: rarely(shipmentId) }),
    fc.record({ command: fc.constant('cancel' as const), items: optional(items), amount: rarely(amount), reason }),
    fc.record({ command: fc.constantFrom('hold' as const, 'release' as const), reason }),
    fc.record({
      command: fc.constant('refund' as const),
      amount: optional(amount),
      items: rarely(items),
      payableAgain: rarely(yes),
      reason,
    }),
    fc.record({ command: fc.constant('credit' as const), amount: optional(amount), reason }),
    fc.record({
      command: fc.constant('return' as const),
      items: optional(items),
      from: rarely(fc.constantFrom('delivered' as const, 'transit' as const)),
      shipmentId: rarely(shipmentId),
      shipAgain: rarely(yes),
      reason,
    }),
    fc.record({ command: fc.constant('note' as const), text: fc.constant('n') }),
  )
  .map((command) => withoutUndefined(command) as OrderCommand);
