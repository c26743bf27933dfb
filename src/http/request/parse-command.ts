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
  const occurredAt = parseOccurredAt(body.occurred_at, caller.nowMs);
  if (typeof occurredAt === 'object') return { errors: [occurredAt] };
  return { request: { orderId: canonicalUuid(orderId), command: changeCommand(name, body), occurredAt } };
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
  const occurredAt = parseOccurredAt(body.occurred_at, caller.nowMs);
  if (typeof occurredAt === 'object') return { errors: [occurredAt] };
  return { request: { orderId, command, occurredAt, reservesKey } };
}

/** The time of a command in UTC. It may be a little ahead of this process's clock. */
function parseOccurredAt(text: string | undefined, nowMs: number): string | undefined | FieldError {
  if (text === undefined) return undefined;
  const occurredMs = parseRfc3339(text) ?? Number.NaN;
  if (occurredMs <= nowMs + httpLimits.maxOccurredAtAheadMs) return utcTime(occurredMs);
  return { pointer: '/occurred_at', message: 'must not be in the future' };
}

// The fields of every command are in alphabetical order: hashing it need not sort them.

function placeCommand(body: RequestBody<'place'>, defaultCurrency: string): CommandOf<'place'> {
  const { adjustments, metadata, reference, total_amount: totalAmount } = body;
  return {
    ...(adjustments === undefined ? {} : { adjustments }),
    command: 'place',
    currency: body.currency ?? defaultCurrency,
    ...lines(body),
    ...(metadata === undefined ? {} : { metadata }),
    ...(reference === undefined ? {} : { reference }),
    ...(totalAmount === undefined ? {} : { totalAmount }),
    userId: body.user_id,
  };
}

function changeCommand<Name extends ChangeName>(name: Name, body: RequestBody<Name>): OrderCommand {
  return changeCommands[name](body);
}

/** Makes a command of a valid body, for every command that changes an order. */
const changeCommands: { readonly [Name in ChangeName]: (body: RequestBody<Name>) => CommandOf<Name> } = {
  amend: (body) => {
    const { adjustments, metadata, reason, reference, total_amount: totalAmount } = body;
    return {
      ...(adjustments === undefined ? {} : { adjustments }),
      command: 'amend',
      ...lines(body),
      ...(metadata === undefined ? {} : { metadata }),
      ...(reason === undefined ? {} : { reason }),
      ...(reference === undefined ? {} : { reference }),
      ...(totalAmount === undefined ? {} : { totalAmount }),
    };
  },
  pay: ({ already_received, amount, another, payment_reference }) => ({
    ...(already_received ? { alreadyReceived: true } : {}),
    ...(amount === undefined ? {} : { amount }),
    ...(another ? { another: true } : {}),
    command: 'pay',
    ...(payment_reference === undefined ? {} : { paymentReference: payment_reference }),
  }),
  process: () => ({ command: 'process' }),
  ship: ({ carrier, items, tracking_number }) => ({
    ...(carrier === undefined ? {} : { carrier }),
    command: 'ship',
    ...(items === undefined ? {} : { items }),
    ...(tracking_number === undefined ? {} : { trackingNumber: tracking_number }),
  }),
  track: ({ carrier, shipment_id, tracking_number }) => ({
    ...(carrier === undefined ? {} : { carrier }),
    command: 'track',
    shipmentId: shipment_id,
    ...(tracking_number === undefined ? {} : { trackingNumber: tracking_number }),
  }),
  deliver: ({ items, shipment_id }) => ({
    command: 'deliver',
    ...(items === undefined ? {} : { items }),
    ...(shipment_id === undefined ? {} : { shipmentId: shipment_id }),
  }),
  cancel: ({ amount, items, reason }) => ({
    ...(amount === undefined ? {} : { amount }),
    command: 'cancel',
    ...(items === undefined ? {} : { items }),
    reason,
  }),
  refund: ({ amount, items, payable_again, reason }) => ({
    ...(amount === undefined ? {} : { amount }),
    command: 'refund',
    ...(items === undefined ? {} : { items }),
    ...(payable_again ? { payableAgain: true } : {}),
    reason,
  }),
  credit: ({ amount, reason }) => ({ ...(amount === undefined ? {} : { amount }), command: 'credit', reason }),
  return: ({ from, items, reason, ship_again, shipment_id }) => ({
    command: 'return',
    ...(from === undefined ? {} : { from }),
    ...(items === undefined ? {} : { items }),
    reason,
    ...(ship_again ? { shipAgain: true } : {}),
    ...(shipment_id === undefined ? {} : { shipmentId: shipment_id }),
  }),
  hold: ({ reason }) => ({ command: 'hold', reason }),
  release: ({ reason }) => ({ command: 'release', reason }),
  note: ({ text }) => ({ command: 'note', text }),
};

function lines({ items, item_ids }: Pick<RequestBody<'place'>, 'items' | 'item_ids'>): OrderLines {
  if (items !== undefined) return { items };
  return item_ids === undefined ? {} : { itemIds: item_ids };
}
