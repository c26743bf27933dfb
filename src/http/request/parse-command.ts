import type { CommandRequest } from '../../commands/command-request.js';
import { derivedOrderId, newOrderId } from '../../commands/order-ids.js';
import type { CommandName, OrderCommand, OrderLines } from '../../orders/commands.js';
import type { ItemQuantity } from '../../orders/events.js';
import type { MoneyInput } from '../../orders/values/money.js';
import { utcTime } from '../../orders/values/utc-time.js';
import type { FieldError } from '../contract/problems.js';
import { httpLimits } from '../limits.js';
import { parseRfc3339 } from './rfc3339.js';
import { bodyErrors } from './validation.js';

/** The fields of all commands' bodies. The schema of a command says which of them it has. */
interface CommandBody {
  user_id: string;
  total_amount: MoneyInput;
  items?: (ItemQuantity & { unit_price?: MoneyInput })[];
  item_ids?: string[];
  order_id?: string;
  currency?: string;
  metadata?: Record<string, string>;
  occurred_at?: string;
  amount?: MoneyInput;
  payment_reference?: string;
  carrier?: string;
  tracking_number?: string;
  reason: string;
  text: string;
}

/** The command of a valid body and the order that it is for, or the errors in the body. */
export type ParsedCommand =
  | { readonly request: Pick<CommandRequest, 'orderId' | 'command' | 'occurredAt'> }
  | { readonly errors: readonly FieldError[] };

export interface CommandCaller {
  readonly actor: string;
  readonly idempotencyKey: string | undefined;
  readonly defaultCurrency: string;
  readonly nowMs: number;
}

/**
 * Validates a command's body and makes a command of it. A new order's id is the one in the body, or
 * is derived from the caller and the Idempotency-Key, or is generated.
 * @param orderId the order in the path or in the line; undefined for `place`.
 * @param errorsIn validates the body against its schema.
 */
export function parseCommand(
  name: CommandName,
  body: unknown,
  orderId: string | undefined,
  caller: CommandCaller,
  errorsIn: (name: CommandName, body: unknown) => FieldError[] = bodyErrors,
): ParsedCommand {
  const errors = errorsIn(name, body);
  if (errors.length > 0) return { errors };
  const valid = body as CommandBody;
  const command = toCommand(name, valid, caller.defaultCurrency);
  if (command.command !== 'place') {
    return orderId === undefined
      ? { errors: [{ pointer: '/order_id', message: 'is required' }] }
      : { request: { orderId: orderId.toLowerCase(), command } };
  }
  const placedId =
    valid.order_id?.toLowerCase() ??
    (caller.idempotencyKey === undefined ? newOrderId() : derivedOrderId(caller.actor, caller.idempotencyKey));
  if (valid.occurred_at === undefined) return { request: { orderId: placedId, command } };
  const occurredMs = parseRfc3339(valid.occurred_at) ?? Number.NaN;
  if (!(occurredMs <= caller.nowMs + httpLimits.maxOccurredAtAheadMs)) {
    return { errors: [{ pointer: '/occurred_at', message: 'must not be in the future' }] };
  }
  return { request: { orderId: placedId, command, occurredAt: utcTime(occurredMs) } };
}

/** Creates a command with its fields in alphabetical order: hashing it need not sort them. */
function toCommand(name: CommandName, body: CommandBody, defaultCurrency: string): OrderCommand {
  switch (name) {
    case 'place':
      return {
        command: 'place',
        currency: body.currency ?? defaultCurrency,
        ...lines(body),
        ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
        totalAmount: body.total_amount,
        userId: body.user_id,
      };
    case 'amend':
      return { command: 'amend', ...lines(body), reason: body.reason, totalAmount: body.total_amount };
    case 'pay':
      return {
        ...(body.amount === undefined ? {} : { amount: body.amount }),
        command: 'pay',
        ...(body.payment_reference === undefined ? {} : { paymentReference: body.payment_reference }),
      };
    case 'ship':
      return {
        command: 'ship',
        ...(body.carrier === undefined ? {} : { carrier: body.carrier }),
        ...(body.items === undefined ? {} : { items: body.items }),
        ...(body.tracking_number === undefined ? {} : { trackingNumber: body.tracking_number }),
      };
    case 'refund':
      return { ...(body.amount === undefined ? {} : { amount: body.amount }), command: 'refund', reason: body.reason };
    case 'return':
      return { command: 'return', ...(body.items === undefined ? {} : { items: body.items }), reason: body.reason };
    case 'cancel':
    case 'hold':
    case 'release':
      return { command: name, reason: body.reason };
    case 'note':
      return { command: 'note', text: body.text };
    case 'process':
    case 'deliver':
      return { command: name };
  }
}

function lines(body: CommandBody): OrderLines {
  if (body.items !== undefined) return { items: body.items };
  return body.item_ids === undefined ? {} : { itemIds: body.item_ids };
}
