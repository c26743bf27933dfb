import type { RequestHeader, ResponseHeader } from './operation.js';

type Json = Readonly<Record<string, unknown>>;

/** What the API’s headers mean, for the OpenAPI document. */
export const requestHeaders: Readonly<Record<RequestHeader, Json>> = {
  'Idempotency-Key': {
    description: 'Makes repeating safe: the same key with the same body is answered as the first time.',
    schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x20-\\x7e]+$' },
  },
  'If-Match': {
    description: 'The ETag of the version that the command is meant for, such as "3".',
    schema: { type: 'string', pattern: '^("\\d{1,9}"|\\*)$' },
  },
  Prefer: {
    description:
      'respond-async: answer once the event is durable. wait=N: wait up to N seconds until queries show it; 250 ms by default.',
    schema: { type: 'string' },
  },
  'Min-Event-Position': {
    description: 'An Event-Position that the answer has to include; waits for it, up to 5 seconds.',
    schema: { type: 'string', pattern: '^\\d{1,4}:\\d{1,15}$' },
  },
  'If-None-Match': {
    description: 'ETags of answers that the caller has: 304 where one still holds.',
    schema: { type: 'string' },
  },
  'Last-Event-ID': {
    description: 'The id of the last message that was received: the stream goes on right after it.',
    schema: { type: 'string', maxLength: 8_000 },
  },
};

export const responseHeaders: Readonly<Record<ResponseHeader | 'X-Request-Id' | 'Retry-After', Json>> = {
  ETag: { description: 'Of an order: its version.', schema: { type: 'string' } },
  'Event-Position': {
    description: 'Where the command’s event is in the log: partition:position.',
    schema: { type: 'string', pattern: '^\\d+:\\d+$' },
  },
  'Idempotency-Replayed': {
    description: 'true: the command had been handled before, and this is the answer of then.',
    schema: { const: 'true' },
  },
  'Preference-Applied': { description: 'The preference that was followed.', schema: { type: 'string' } },
  Location: { description: 'Where what was made can be found.', schema: { type: 'string' } },
  'Content-Disposition': { description: 'With CSV: a name for the file.', schema: { type: 'string' } },
  'X-Request-Id': { description: 'The request’s id: the caller’s, if it sent a sane one.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds to wait before trying again.', schema: { type: 'integer', minimum: 0 } },
};
