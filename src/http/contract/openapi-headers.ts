import { eventPositionPattern } from '../../log-epochs.js';
import type { RequestHeader, ResponseHeader } from './operation.js';

type Json = Readonly<Record<string, unknown>>;

/** The headers of requests, as the OpenAPI document describes them. */
export const requestHeaders: Readonly<Record<RequestHeader, Json>> = {
  'Idempotency-Key': {
    description:
      'Makes retries safe: the same key with the same body gets the first response again. ' +
      'A key places one order, whatever order_id the body carries. Rejected commands are not remembered.',
    schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x20-\\x7e]+$' },
  },
  'If-Match': {
    description:
      'The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix ' +
      '-gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way.',
    schema: { type: 'string' },
  },
  Prefer: {
    description:
      'respond-async: respond as soon as the event is durable. ' +
      'wait=N: wait up to N seconds until queries show the event. The default is 250 ms.',
    schema: { type: 'string' },
  },
  'Min-Event-Position': {
    description:
      'An Event-Position that the response must include. The service waits for it up to 5 seconds. ' +
      'A position that was lost in a restore leads to a 410.',
    schema: { type: 'string', pattern: eventPositionPattern },
  },
  'If-None-Match': {
    description: 'ETags of responses that the client has. The status is 304 if one of them is current.',
    schema: { type: 'string' },
  },
  'Last-Event-ID': {
    description: 'The id of the last message received. The stream continues right after it.',
    schema: { type: 'string', maxLength: 8_000 },
  },
};

/** The headers of responses, as the OpenAPI document describes them. */
export const responseHeaders: Readonly<Record<ResponseHeader | 'X-Request-Id' | 'Retry-After', Json>> = {
  ETag: { description: 'For an order: its version.', schema: { type: 'string' } },
  'Event-Position': {
    description:
      'The position of the command’s event in the log: partition:position. After a loss of events, the epoch of the log follows: 5:120@2-9f3a01bc.',
    schema: { type: 'string', pattern: eventPositionPattern },
  },
  'Idempotency-Replayed': {
    description: 'true: the command was handled before, and this is its first response.',
    schema: { const: 'true' },
  },
  'Preference-Applied': { description: 'The preference that was applied.', schema: { type: 'string' } },
  Location: { description: 'The path of the result.', schema: { type: 'string' } },
  'Content-Disposition': { description: 'With CSV: a file name.', schema: { type: 'string' } },
  Link: {
    description: 'The URL of the next page, with rel="next". Absent on the last page.',
    schema: { type: 'string' },
  },
  'X-Request-Id': {
    description: 'The id of the request: the one that the client sent, if it is valid.',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'Seconds to wait before the next attempt.', schema: { type: 'integer', minimum: 0 } },
};
