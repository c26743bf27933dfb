import { exampleValues } from './example-values.js';

const change = {
  order_id: exampleValues.order_id,
  version: 2,
  type: 'OrderPaid',
  data: exampleValues.data,
  actor: 'shop',
  occurred_at: '2026-03-02T09:31:12.000Z',
  recorded_at: '2026-03-02T09:31:12.004Z',
  position: '5:120',
};

/** Examples of responses that are not JSON, by operation or else by media type. */
const texts: Readonly<Record<string, string>> = {
  streamOrders: `id: 8c1f2d34-5:120\ndata: ${JSON.stringify(change)}\n\n: a comment every 15 seconds\n\n`,
  getProjections: 'data: {"projections":[{"name":"order-status","state":"live","lag":0}],"heads_age_seconds":0}\n\n',
  'text/csv': `order_id,version,type,actor,occurred_at\r\n${change.order_id},2,OrderPaid,shop,${change.occurred_at}\r\n`,
  'text/plain': 'orders_projection_lag_events{projection="metrics",partition="0"} 0\n',
  'text/html': '<!doctype html><html lang="en"><title>Order service</title></html>\n',
  'text/css': 'body { margin: 0 }\n',
  'text/javascript': 'export {};\n',
  'application/javascript': 'export {};\n',
  'image/svg+xml': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
};

export function textExample(operationId: string, mediaType: string): string | undefined {
  return (mediaType === 'text/event-stream' ? texts[operationId] : undefined) ?? texts[mediaType];
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
