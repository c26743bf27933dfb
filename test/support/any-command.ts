import fc from 'fast-check';
import type { OrderCommand } from '../../src/orders/commands.js';

const itemId = fc.constantFrom('a', 'b', 'c');
const items = fc.array(fc.record({ item_id: itemId, quantity: fc.integer({ min: 1, max: 4 }) }), {
  minLength: 1,
  maxLength: 3,
});
const amount = fc.integer({ min: 0, max: 3000 }).map((minor) => (minor / 100).toFixed(2));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

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
      itemIds: fc.array(itemId, { minLength: 1, maxLength: 6 }),
    }),
    fc.record({
      command: fc.constant('amend' as const),
      totalAmount: amount,
      itemIds: fc.array(itemId, { minLength: 1, maxLength: 6 }),
      reason: fc.constant('r'),
    }),
    fc.record({ command: fc.constant('pay' as const), amount: optional(amount) }),
    fc.constant({ command: 'process' as const }),
    fc.record({ command: fc.constant('ship' as const), items: optional(items) }),
    fc.constant({ command: 'deliver' as const }),
    fc.record({
      command: fc.constantFrom('cancel' as const, 'hold' as const, 'release' as const),
      reason: fc.constant('r'),
    }),
    fc.record({ command: fc.constant('refund' as const), amount: optional(amount), reason: fc.constant('r') }),
    fc.record({ command: fc.constant('return' as const), items: optional(items), reason: fc.constant('r') }),
    fc.record({ command: fc.constant('note' as const), text: fc.constant('n') }),
  )
  .map((command) => withoutUndefined(command) as OrderCommand);
