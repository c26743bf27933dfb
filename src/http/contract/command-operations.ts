import type { CommandName } from '../../orders/commands.js';
import { bodyProblems, json, type Operation } from './operation.js';
import type { ProblemName } from './problem-types.js';

const commandTexts: Readonly<Record<CommandName, string>> = {
  place: 'Place an order',
  amend: 'Change the items and the total of a pending order',
  pay: 'Record a payment, by default of what is due',
  process: 'Begin to process the order',
  ship: 'Ship items, by default all that are left',
  deliver: 'The shipped order has arrived',
  cancel: 'Cancel an order of which nothing has shipped',
  refund: 'Refund an amount, by default all that is left',
  return: 'Take items back, by default all that were shipped',
  hold: 'Put the order on hold: it is neither processed nor shipped',
  release: 'End the hold',
  note: 'Add a note',
};

/** The problems that a command's own rules lead to, beside those of every command. */
const commandProblems: Readonly<Record<CommandName, readonly ProblemName[]>> = {
  place: ['order-exists', 'insufficient-scope'],
  amend: ['invalid-transition', 'amended-below-paid'],
  pay: ['invalid-transition', 'exceeds-amount-due'],
  process: ['invalid-transition', 'order-on-hold'],
  ship: ['invalid-transition', 'order-on-hold', 'exceeds-ordered-quantity'],
  deliver: ['invalid-transition'],
  cancel: ['invalid-transition'],
  refund: ['invalid-transition', 'exceeds-refundable-amount'],
  return: ['invalid-transition', 'exceeds-shipped-quantity'],
  hold: ['invalid-transition'],
  release: ['invalid-transition'],
  note: [],
};

const everyCommand: readonly ProblemName[] = [
  ...bodyProblems,
  'invalid-header',
  'validation',
  'idempotency-key-reused',
  'version-mismatch',
  'order-history-full',
  'person-erased',
  'contended',
  'event-log-unavailable',
];

function commandOperation(name: CommandName): Operation {
  const isPlace = name === 'place';
  return {
    method: 'post',
    path: isPlace ? '/orders' : `/orders/{order_id}/${name}`,
    tag: 'Commands',
    summary: commandTexts[name],
    access: ['orders:write'],
    ...(isPlace ? {} : { parameters: ['order_id'] as const }),
    headers: ['Idempotency-Key', 'If-Match', 'Prefer'],
    body: name,
    responses: {
      [isPlace ? 201 : 200]: {
        description: isPlace ? 'The order as it was placed' : 'The order as it now is',
        content: json('Order'),
        headers: [
          'ETag',
          'Event-Position',
          'Idempotency-Replayed',
          'Preference-Applied',
          ...(isPlace ? (['Location'] as const) : []),
        ],
      },
    },
    problems: [...everyCommand, ...(isPlace ? [] : (['order-not-found'] as const)), ...commandProblems[name]],
  };
}

/** Commands, alone and in a batch. */
export const commandOperations = {
  runBatch: {
    method: 'post',
    path: '/orders/batch',
    tag: 'Commands',
    summary: 'Many commands, a line each, streamed both ways',
    description:
      'A line is `{"command": "place", …}` or `{"command": "ship", "order_id": …, …}` with the fields of the command’s body beside it, ' +
      'optionally `idempotency_key`. The answer has a line for each, in the same order. A bad line fails alone; lines of one order are applied in order.',
    access: ['orders:write'],
    headers: ['Prefer'],
    body: 'batch',
    responses: {
      200: {
        description: 'A line for each line, in the same order',
        content: { 'application/x-ndjson': 'BatchLine' },
        headers: ['Preference-Applied'],
      },
    },
    problems: ['unsupported-media-type', 'validation'],
  },
  placeOrder: commandOperation('place'),
  amendOrder: commandOperation('amend'),
  payOrder: commandOperation('pay'),
  processOrder: commandOperation('process'),
  shipOrder: commandOperation('ship'),
  deliverOrder: commandOperation('deliver'),
  cancelOrder: commandOperation('cancel'),
  refundOrder: commandOperation('refund'),
  returnOrder: commandOperation('return'),
  holdOrder: commandOperation('hold'),
  releaseOrder: commandOperation('release'),
  noteOrder: commandOperation('note'),
} as const satisfies Readonly<Record<'runBatch' | `${CommandName}Order`, Operation>>;
