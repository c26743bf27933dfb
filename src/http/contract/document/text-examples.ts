import { encodeCursor } from '../../../queries/changes/stream-cursor.js';
import type { Examples } from './example-of.js';
import { exampleValues } from './example-values.js';

/** Examples of streams by operation: a message each, with an example of its data. */
const messages: Readonly<Record<string, (examples: Examples) => string>> = {
  streamOrders: (examples) =>
    `id: ${streamId}\ndata: ${JSON.stringify(examples.ofComponent('Change'))}\n\n: a comment every 15 seconds\n\n`,
  getProjections: (examples) => `event: projections\ndata: ${JSON.stringify(examples.ofComponent('Projections'))}\n\n`,
};

/** The id of a message of a stream of all orders, in a log of eight partitions. */
const streamId = encodeCursor(
  String(exampleValues.log_id).slice(0, 8),
  new Map([118, 97, 131, 104, 112, 120, 99, 108].map((position, partition) => [partition, position])),
);

/** Examples of responses that are not JSON, by media type. */
const texts: Readonly<Record<string, string>> = {
  'text/csv':
    'order_id,version,type,actor,occurred_at\r\n' +
    `${String(exampleValues.order_id)},2,OrderPaid,shop,2026-03-02T09:31:12.000Z\r\n`,
  'text/plain': 'orders_projection_lag_events{projection="metrics",partition="0"} 0\n',
  'text/html': '<!doctype html><html lang="en"><title>Order service</title></html>\n',
  'text/css': 'body { margin: 0 }\n',
  'text/javascript': 'export {};\n',
  'application/javascript': 'export {};\n',
  'image/svg+xml': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
};

export function textExample(operationId: string, mediaType: string, examples: Examples): string | undefined {
  return (mediaType === 'text/event-stream' ? messages[operationId]?.(examples) : undefined) ?? texts[mediaType];
}

/** Lines of a batch: each example is one line. */
export const batchExamples = {
  place: {
    summary: 'Place an order',
    value: {
      command: 'place',
      user_id: 'u-1',
      item_ids: ['shirt', 'mug'],
      total_amount: 35.09,
      idempotency_key: 'b-1',
    },
  },
  note: {
    summary: 'Add a note to an order',
    value: { command: 'note', order_id: exampleValues.order_id, text: 'Ring twice.' },
  },
};
