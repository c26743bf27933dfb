import type { CommandRequest } from '../../commands/command-request.js';
import { derivedOrderId, newOrderId } from '../../commands/order-ids.js';
import type { CommandName, OrderCommand, OrderLines } from '../../orders/commands.js';
import { parseRfc3339 } from '../../orders/values/rfc3339.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { canonicalUuid } from '../../orders/values/uuid.js';
import type { FieldError } from '../contract/problems.js';
import type { RequestBody } from '../contract/request-schemas.js';
import { httpLimits } from '../limits.js';
import { isBody } from './validation.js';

type ChangeName = Exclude<CommandName, 'place'>;
type CommandOf<Name extends CommandName> = Extract<OrderCommand, { readonly command: Name }>;

/** Whether a body matches the schema of a command. Its errors are added to `errors`. */
type IsValidBody = <Name extends CommandName>(
  name: Name,
  body: unknown,
  errors: FieldError[],
) => body is RequestBody<Name>;

/** The command of a valid body and the order that it is for, or the errors in the body. */
export type ParsedCommand =
  | { readonly request: Pick<CommandRequest, 'orderId' | 'command' | 'occurredAt' | 'reservesKey'> }
  | { readonly errors: readonly FieldError[] };

export interface CommandCaller {
  readonly actor: string;
  readonly idempotencyKey: string | undefined;
  readonly defaultCurrency: string;
  readonly nowMs: number;
  /** Whether the key and the order id come from a file: then they have the same source. */
  readonly isImport?: boolean;
}

/**
 * Validates a command's body and makes a command of it. A new order's id is the one in the body, or
 * is derived from the caller and the Idempotency-Key, or is generated.
 * @param orderId the order in the path or in the line; undefined for `place`.
 * @param isValid validates the body against its schema.
 */
export function parseCommand(
  name: CommandName,
  body: unknown,
  orderId: string | undefined,
  caller: CommandCaller,
  isValid: IsValidBody = isBody,
): ParsedCommand {
  const errors: FieldError[] = [];
  if (name === 'place') return isValid(name, body, errors) ? placeRequest(body, caller) : { errors };
  if (!isValid(name, body, errors)) return { errors };
  if (orderId === undefined) return { errors: [{ pointer: '/order_id', message: 'is required' }] };
  return { request: { orderId: canonicalUuid(orderId), command: changeCommand(name, body) } };
}

function placeRequest(body: RequestBody<'place'>, caller: CommandCaller): ParsedCommand {
  const command = placeCommand(body, caller.defaultCurrency);
  const orderId =
    body.order_id !== undefined
      ? canonicalUuid(body.order_id)
      : caller.idempotencyKey === undefined
        ? newOrderId()
        : derivedOrderId(caller.actor, caller.idempotencyKey);
  const reservesKey = body.order_id !== undefined && caller.idempotencyKey !== undefined && !caller.isImport;
  if (body.occurred_at === undefined) return { request: { orderId, command, reservesKey } };
  const occurredMs = parseRfc3339(body.occurred_at) ?? Number.NaN;
  if (!(occurredMs <= caller.nowMs + httpLimits.maxOccurredAtAheadMs)) {
    return { errors: [{ pointer: '/occurred_at', message: 'must not be in the future' }] };
  }
  return { request: { orderId, command, occurredAt: utcTime(occurredMs), reservesKey } };
}

// The fields of every command are in alphabetical order: hashing it need not sort them.

function placeCommand(body: RequestBody<'place'>, defaultCurrency: string): CommandOf<'place'> {
  return {
    command: 'place',
    currency: body.currency ?? defaultCurrency,
    ...lines(body),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
    totalAmount: body.total_amount,
    userId: body.user_id,
  };
}

function changeCommand<Name extends ChangeName>(name: Name, body: RequestBody<Name>): OrderCommand {
  return changeCommands[name](body);
}

/** Makes a command of a valid body, for every command that changes an order. */
const changeCommands: { readonly [Name in ChangeName]: (body: RequestBody<Name>) => CommandOf<Name> } = {
  amend: (body) => ({ command: 'amend', ...lines(body), reason: body.reason, totalAmount: body.total_amount }),
  pay: ({ amount, payment_reference }) => ({
    ...(amount === undefined ? {} : { amount }),
    command: 'pay',
    ...(payment_reference === undefined ? {} : { paymentReference: payment_reference }),
  }),
  process: () => ({ command: 'process' }),
  ship: ({ carrier, items, tracking_number }) => ({
    command: 'ship',
    ...(carrier === undefined ? {} : { carrier }),
    ...(items === undefined ? {} : { items }),
    ...(tracking_number === undefined ? {} : { trackingNumber: tracking_number }),
  }),
  deliver: () => ({ command: 'deliver' }),
  cancel: ({ reason }) => ({ command: 'cancel', reason }),
  refund: ({ amount, reason }) => ({ ...(amount === undefined ? {} : { amount }), command: 'refund', reason }),
  return: ({ items, reason }) => ({ command: 'return', ...(items === undefined ? {} : { items }), reason }),
  hold: ({ reason }) => ({ command: 'hold', reason }),
  release: ({ reason }) => ({ command: 'release', reason }),
  note: ({ text }) => ({ command: 'note', text }),
};

function lines({ items, item_ids }: Pick<RequestBody<'place'>, 'items' | 'item_ids'>): OrderLines {
  if (items !== undefined) return { items };
  return item_ids === undefined ? {} : { itemIds: item_ids };
}
