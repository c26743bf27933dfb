import type { RejectionKind } from '../../orders/decisions/rejection.js';

export interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** For the page behind the type: what happened, and what to do. */
  readonly explanation: string;
  /** Retry-After, in seconds. */
  readonly retryAfter?: number;
}

/** Every problem that the API answers with: the one table. Each is served as a page under /problems/. */
export const problemTypes = {
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    explanation: 'The body could not be read as UTF-8 JSON. Check quotes, commas, brackets and the encoding.',
  },
  'invalid-header': {
    status: 400,
    title: 'A header is not valid',
    explanation:
      'One of the request’s headers has a form that can’t be understood; `detail` names it and the form it needs.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request is malformed',
    explanation: 'The address or the message could not be read. Check the percent-encoding of the URL.',
  },
  unauthenticated: {
    status: 401,
    title: 'Nobody knows who you are',
    explanation:
      'Send `Authorization: Bearer` with an API key (`orders keys create` makes one) or a token of the configured issuer. `detail` says what is wrong with what came.',
  },
  'insufficient-scope': {
    status: 403,
    title: 'You may not do this',
    explanation:
      'Your key or token lacks the scope; `required_scopes` names the ones of which one is needed. Ask whoever gave it to you.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing at this address',
    explanation: 'No endpoint has this path. GET / lists the endpoints, the README explains them.',
  },
  'order-not-found': {
    status: 404,
    title: 'There is no such order',
    explanation:
      'No order has this id. Right after placing it, read with the header Min-Event-Position set to the Event-Position of the answer.',
  },
  'webhook-not-found': {
    status: 404,
    title: 'There is no such webhook',
    explanation: 'GET /webhooks lists the subscriptions.',
  },
  'too-many-webhooks': {
    status: 409,
    title: 'There are as many webhooks as there may be',
    explanation: 'Delete one that is not needed any more: DELETE /webhooks/{webhook_id}.',
  },
  'projection-not-found': {
    status: 404,
    title: 'There is no such projection',
    explanation: 'GET /projections lists the projections by name.',
  },
  'rebuild-not-found': {
    status: 404,
    title: 'This projection is not being rebuilt',
    explanation:
      'There is no rebuild to cancel: it is over, or was never asked for. POST /projections/{name}/rebuild asks for one.',
  },
  'no-signing-key': {
    status: 501,
    title: 'This service signs nothing',
    explanation:
      'Checkpoints and proofs are signed, and no key is configured. Set ORDERS_SIGNING_KEY_FILES to an Ed25519 key in PEM.',
  },
  'order-version-not-found': {
    status: 404,
    title: 'The order has no such version',
    explanation:
      'The order did not exist at that time, or has fewer events than that version. GET /orders/{id}/history lists them.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This address does not take that method',
    explanation: 'The header Allow lists the methods that it takes.',
  },
  'not-acceptable': {
    status: 406,
    title: 'No representation that you accept',
    explanation: 'Answers are JSON (the history also CSV). Send `Accept: application/json`, or leave the header out.',
  },
  'request-timeout': {
    status: 408,
    title: 'The body did not arrive in time',
    explanation:
      'The request was begun, but its body did not arrive within the time limit. Nothing was done; send it again.',
  },
  'order-exists': {
    status: 409,
    title: 'An order with this id exists already',
    explanation: 'The order_id that you chose belongs to another order. Choose a new one, or leave it out.',
  },
  'invalid-transition': {
    status: 409,
    title: 'The order as it stands forbids this command',
    explanation: '`current_status` says where the order stands, `allowed_commands` which commands it takes now.',
  },
  'order-on-hold': {
    status: 409,
    title: 'The order is on hold',
    explanation:
      'While an order is on hold it is neither processed nor shipped. POST /orders/{id}/release ends the hold.',
  },
  'exceeds-amount-due': {
    status: 409,
    title: 'More than is left to pay',
    explanation: 'A payment may not exceed the total less what has been paid. Leave `amount` out to pay what is due.',
  },
  'exceeds-refundable-amount': {
    status: 409,
    title: 'More than is left to refund',
    explanation:
      'A refund may not exceed what was paid less what was refunded. Leave `amount` out to refund all of it.',
  },
  'amended-below-paid': {
    status: 409,
    title: 'The new total is below what has been paid',
    explanation:
      'An order’s total can’t fall below what has been paid. Cancel the order and refund it, or amend to a higher total.',
  },
  'exceeds-ordered-quantity': {
    status: 409,
    title: 'More than is left to ship',
    explanation:
      'No more of an item can be shipped than was ordered and has not been shipped. Leave `items` out to ship the rest.',
  },
  'exceeds-shipped-quantity': {
    status: 409,
    title: 'More than was shipped and not returned',
    explanation:
      'Only items that were shipped, and have not come back, can be returned. Leave `items` out to return all of them.',
  },
  'person-erased': {
    status: 409,
    title: 'The person of this order was forgotten',
    explanation:
      'Personal data (a note’s text, a tracking number) can’t be stored for somebody whose key has been destroyed. Commands without it go on.',
  },
  'order-history-full': {
    status: 409,
    title: 'The order has as many events as one may have',
    explanation: 'An order’s history is limited, so that it can be loaded whole. No further command is taken for it.',
  },
  'version-mismatch': {
    status: 412,
    title: 'The order is at another version than If-Match asks for',
    explanation: 'Somebody else changed the order. Read it again, decide again, and send the new ETag in If-Match.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation: 'A body may have 512 KiB. Use POST /orders/batch for many orders; its lines may each be as long.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is of a type that this endpoint does not take',
    explanation:
      'Send `Content-Type: application/json`, for a batch `application/x-ndjson`, in UTF-8 and not compressed.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    explanation: 'The request line and the headers may have 16 KiB together. Send fewer or shorter ones.',
  },
  validation: {
    status: 422,
    title: 'The request is not valid',
    explanation:
      '`errors` names each field that is wrong, by JSON pointer, and what it has to be. Nothing was changed.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key was used for another request',
    explanation:
      'A key belongs to one request for ever. Send the same body again to get its answer, or choose a new key.',
  },
  'invalid-cursor': {
    status: 422,
    title: 'The cursor does not belong to this query',
    explanation: 'A cursor is the next_cursor of an answer to the same filters. Begin again without one.',
  },
  'too-many-buckets': {
    status: 422,
    title: 'The series would have too many buckets',
    explanation: 'Choose a longer interval, or a shorter range with `from` and `to`.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    explanation:
      'A caller may send so many requests a minute; the headers RateLimit-Policy and RateLimit tell how many and what is left. Go on after Retry-After.',
  },
  'token-issuer-unavailable': {
    status: 503,
    title: 'The token can’t be checked now',
    explanation: 'The issuer’s public keys could not be fetched. API keys go on working; try again.',
    retryAfter: 2,
  },
  overloaded: {
    status: 503,
    title: 'More arrives than can be done',
    explanation: 'A queue is full. Nothing was done; try again after the time that Retry-After gives.',
    retryAfter: 1,
  },
  contended: {
    status: 503,
    title: 'Too many commands on this order at once',
    explanation: 'Other commands on this order kept coming first. Nothing was done; try again.',
    retryAfter: 1,
  },
  'event-log-unavailable': {
    status: 503,
    title: 'The event log is unavailable',
    explanation:
      'PostgreSQL did not answer. The command may or may not have been recorded: repeat it with the same Idempotency-Key, which makes that safe.',
    retryAfter: 2,
  },
  'read-models-unavailable': {
    status: 503,
    title: 'The read models are unavailable',
    explanation:
      'Redis did not answer, or this version’s read models are still being built after an upgrade. Commands go on; try the query again.',
    retryAfter: 2,
  },
  'position-not-reached': {
    status: 503,
    title: 'The read models have not got that far yet',
    explanation:
      'The position in Min-Event-Position was not applied in time. Try again; GET /projections shows the lag.',
    retryAfter: 1,
  },
  'internal-error': {
    status: 500,
    title: 'Something went wrong here',
    explanation: 'This is a bug, not your request’s fault. Report it with the request_id.',
  },
} as const satisfies Record<string, ProblemType> & Record<Exclude<RejectionKind, 'invalid-command'>, ProblemType>;

export type ProblemName = keyof typeof problemTypes;
