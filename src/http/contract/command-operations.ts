import type { CommandName } from '../../orders/commands.js';
import { bodyProblems, json, type Operation } from './operation.js';
import type { ProblemName } from './problem-types.js';

/** One clause per command: its effect. */
export const commandSummaries: Readonly<Record<CommandName, string>> = {
  place: 'Place an order',
  amend: 'Change lines and money before anything is shipped; the reference and the metadata at any time',
  pay: 'Record a payment; without an amount, of the amount due',
  process: 'Start processing the order',
  ship: 'Ship items; without items, everything that is left to ship',
  track: 'Correct the carrier or the tracking number of a shipment',
  deliver: 'Record that units have arrived; without items, everything in transit',
  cancel: 'Cancel units that have not shipped; without items, all of them',
  refund: 'Give money back; without an amount, the surplus or else everything that was paid',
  credit: 'Lower what the order is worth without moving money; without an amount, by the amount due',
  return: 'Take items back; without items, everything that was shipped',
  hold: 'Put the order on hold, so that it is neither processed nor shipped',
  release: 'End the hold',
  note: 'Add a note',
};

/** The problems of each command, in addition to those of every command. */
const ownProblems: Readonly<Record<CommandName, readonly ProblemName[]>> = {
  place: ['order-exists'],
  amend: ['invalid-transition', 'amended-below-credited'],
  pay: ['invalid-transition', 'exceeds-amount-due'],
  process: ['invalid-transition', 'order-on-hold'],
  ship: ['invalid-transition', 'order-on-hold', 'exceeds-ordered-quantity'],
  track: ['shipment-not-found'],
  deliver: ['invalid-transition', 'exceeds-units-in-transit', 'shipment-not-found'],
  cancel: ['invalid-transition', 'exceeds-ordered-quantity', 'wrong-cancelled-amount'],
  refund: ['exceeds-refundable-amount', 'exceeds-ordered-quantity'],
  credit: ['exceeds-creditable-amount'],
  return: ['invalid-transition', 'exceeds-shipped-quantity', 'shipment-not-found'],
  hold: ['invalid-transition'],
  release: ['invalid-transition'],
  note: [],
};

const commonProblems: readonly ProblemName[] = [
  ...bodyProblems,
  'invalid-header',
  'validation',
  'insufficient-scope',
  'idempotency-key-reused',
  'version-mismatch',
  'order-history-full',
  'person-erased',
  'contended',
  'clock-behind',
  'event-log-unavailable',
  'unreadable-event',
];

function commandOperation(name: CommandName): Operation {
  const isPlace = name === 'place';
  return {
    method: 'post',
    path: isPlace ? '/orders' : `/orders/{order_id}/${name}`,
    tag: 'Commands',
    summary: commandSummaries[name],
    access: ['orders:write'],
    ...(isPlace ? {} : { parameters: ['order_id'] as const }),
    headers: ['Idempotency-Key', 'If-Match', 'Prefer'],
    body: name,
    responses: {
      [isPlace ? 201 : 200]: {
        description: isPlace ? 'The new order' : 'The order after the command',
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
    problems: [...commonProblems, ...(isPlace ? [] : (['order-not-found'] as const)), ...ownProblems[name]],
  };
}

/** Commands, one per request and in a batch. */
export const commandOperations = {
  runBatch: {
    method: 'post',
    path: '/orders/batch',
    tag: 'Commands',
    summary: 'Many commands, one per line, streamed in both directions',
    description:
      'A line is `{"command": "place", …}` or `{"command": "ship", "order_id": …, …}` ' +
      'with the fields of the command’s body, and optionally `idempotency_key`. ' +
      'The headers Idempotency-Key and If-Match belong to one command: a batch with one of them is a 400. ' +
      'The response has one line per command, in the same order. ' +
      'An invalid line fails alone. Lines of one order are applied in order. A client may send all lines before ' +
      'it reads: the service keeps up to 64 MiB of results. Beyond that the last line of the response is the ' +
      'problem results-not-read, and the lines from its number on were not handled.',
    access: ['orders:write'],
    headers: ['Prefer'],
    body: 'batch',
    responses: {
      200: {
        description: 'One line per command, in the same order',
        content: { 'application/x-ndjson': 'BatchLine' },
        headers: ['Preference-Applied'],
      },
    },
    problems: ['invalid-header', 'unsupported-media-type', 'results-not-read', 'validation'],
  },
  placeOrder: commandOperation('place'),
  amendOrder: commandOperation('amend'),
  payOrder: commandOperation('pay'),
  processOrder: commandOperation('process'),
  shipOrder: commandOperation('ship'),
  trackOrder: commandOperation('track'),
  deliverOrder: commandOperation('deliver'),
  cancelOrder: commandOperation('cancel'),
  refundOrder: commandOperation('refund'),
  creditOrder: commandOperation('credit'),
  returnOrder: commandOperation('return'),
  holdOrder: commandOperation('hold'),
  releaseOrder: commandOperation('release'),
  noteOrder: commandOperation('note'),
} as const satisfies Readonly<Record<'runBatch' | `${CommandName}Order`, Operation>>;
