import type { RejectionKind } from '../../orders/decisions/rejection.js';
import { operatorProblems } from './operations/operator-problems.js';

export interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** The text of the page: the cause, and what the client can do. */
  readonly explanation: string;
  /** Retry-After, in seconds. */
  readonly retryAfter?: number;
}

/** All problems of the API: the only table of them. Each has a page under /problems/. */
export const problemTypes = {
  'malformed-json': {
    status: 400,
    title: 'The body is not valid JSON',
    explanation:
      'The body could not be parsed as UTF-8 JSON. Check quotes, commas, brackets and the encoding. An object must ' +
      'not have a name twice, since programs differ about which value counts.',
  },
  'invalid-header': {
    status: 400,
    title: 'A header is not valid',
    explanation: '`detail` names the header, and the form that the service accepts.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request is malformed',
    explanation:
      'The URL or the HTTP message could not be parsed, or can be read in two ways. `detail` says what is wrong with it. Check the percent-encoding of the URL.',
  },
  unauthenticated: {
    status: 401,
    title: 'Authentication is required',
    explanation:
      'Send `Authorization: Bearer` with an API key or with a token of the configured issuer. `orders keys create` creates an API key. `detail` says what is wrong with the credentials of this request.',
  },
  'insufficient-scope': {
    status: 403,
    title: 'The key or token lacks a scope',
    explanation:
      'This request needs one of the scopes in `required_scopes`. Ask the operator for a key, or the issuer for a token, that has one.',
  },
  'not-found': {
    status: 404,
    title: 'Path not found',
    explanation: 'No endpoint has this path. GET / lists the endpoints, and the README explains them.',
  },
  'order-not-found': {
    status: 404,
    title: 'Order not found',
    explanation:
      'No order that you may read has this id. To read an order right after placing it, send the Event-Position of that response in the header Min-Event-Position.',
  },
  'webhook-not-found': {
    status: 404,
    title: 'Webhook not found',
    explanation: 'GET /webhooks lists the subscriptions.',
  },
  'too-many-webhooks': {
    status: 409,
    title: 'The limit of webhooks is reached',
    explanation: 'Delete a webhook that is not needed: DELETE /webhooks/{webhook_id}.',
  },
  ...operatorProblems,
  'no-signing-key': {
    status: 501,
    title: 'No signing key is configured',
    explanation:
      'Checkpoints and proofs are signed, so the service needs a key. Set ORDERS_SIGNING_KEY_FILES to an Ed25519 key in PEM.',
  },
  'order-version-not-found': {
    status: 404,
    title: 'Order version not found',
    explanation: 'The order did not exist then, or has fewer events. GET /orders/{id}/history lists its events.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The method is not allowed',
    explanation: 'The header Allow lists the methods of this path.',
  },
  'position-lost': {
    status: 410,
    title: 'The position is lost',
    explanation:
      'The event at this Event-Position was lost in a restore or a failover, and another event may have its position now. Read the order again without Min-Event-Position, and repeat the command if its effect is missing.',
  },
  'not-acceptable': {
    status: 406,
    title: 'No acceptable media type',
    explanation:
      'Responses are JSON; the history is also available as CSV. Send `Accept: application/json`, or leave the header out.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    explanation: 'The request did not arrive completely within the time limit. Nothing was changed; send it again.',
  },
  'order-exists': {
    status: 409,
    title: 'An order with this id already exists',
    explanation:
      'An order with this `order_id` exists already. To repeat a request safely, send it with the same Idempotency-Key. For another order, choose a new id, or leave it out.',
  },
  'invalid-transition': {
    status: 409,
    title: 'The order does not accept this command now',
    explanation: '`current_status` is the status of the order; `allowed_commands` lists what it accepts now.',
  },
  'order-on-hold': {
    status: 409,
    title: 'The order is on hold',
    explanation: 'An order on hold is neither processed nor shipped. POST /orders/{id}/release ends the hold.',
  },
  'exceeds-amount-due': {
    status: 409,
    title: 'The payment exceeds the amount due',
    explanation:
      'A payment may not exceed the balance of the order. Leave `amount` out to pay the amount due. If the money has arrived already, send `already_received: true`: it is then recorded, and the balance shows what is to be given back.',
  },
  'exceeds-refundable-amount': {
    status: 409,
    title: 'The refund exceeds the refundable amount',
    explanation:
      'A refund may not exceed the amount paid minus the amount refunded. Leave `amount` out to refund the surplus, or all of it if there is none.',
  },
  'exceeds-creditable-amount': {
    status: 409,
    title: 'The credit exceeds the amount due',
    explanation:
      'A credit may not exceed a positive balance. Leave `amount` out to credit all of it. Money that was paid is given back by a refund.',
  },
  'amended-below-credited': {
    status: 409,
    title: 'The new total is below the amount credited',
    explanation:
      'The total of an order cannot fall below what refunds and credits took off it. Amend the order to a higher total, or cancel it.',
  },
  'wrong-cancelled-amount': {
    status: 409,
    title: 'The amount does not fit the cancellation',
    explanation:
      'A cancellation takes at most what the order is worth off its total, and exactly that if it cancels all units. Leave `amount` out to take off the price of the units.',
  },
  'exceeds-ordered-quantity': {
    status: 409,
    title: 'The items exceed the quantity of the order',
    explanation:
      'A shipment or a cancellation may not exceed the quantity ordered minus the quantities shipped and cancelled. Leave `items` out to take the rest. A refund may name the ordered quantity at most.',
  },
  'exceeds-units-in-transit': {
    status: 409,
    title: 'The delivery exceeds the units in transit',
    explanation:
      'Only units that were shipped and have neither arrived nor come back can be delivered. Leave `items` out to deliver all of them.',
  },
  'exceeds-shipped-quantity': {
    status: 409,
    title: 'The return exceeds the quantity shipped',
    explanation:
      'A return may not exceed the quantity shipped minus the quantity returned, counted in the shipment and the place (`from`) that the command names. Leave `items` out to return all of it.',
  },
  'shipment-not-found': {
    status: 409,
    title: 'The order has no such shipment',
    explanation: '`shipments` of the order lists its shipments. The first one has the `shipment_id` "1".',
  },
  'person-erased': {
    status: 409,
    title: 'The person of this order was erased',
    explanation:
      'The key of this person was destroyed, so personal data (the text of a note, metadata, a tracking number) can no longer be stored. Commands without personal data still work.',
  },
  'order-history-full': {
    status: 409,
    title: 'The order has reached its limit of events or of shipped items',
    explanation:
      'The number of events per order, and of items over all its shipments, is limited so that an order can be loaded whole. The last ten events are kept for commands that close the order: cancel, deliver or return everything, then pay, refund or credit the whole balance.',
  },
  'version-mismatch': {
    status: 412,
    title: 'The version in If-Match is not the current one',
    explanation: 'Another client changed the order. Read it again, decide again, and send the new ETag in If-Match.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    explanation:
      'The limit is 512 KiB for a body, and for each line of a batch. Use POST /orders/batch to send many commands.',
  },
  'results-not-read': {
    status: 413,
    title: 'The results of the batch are not being read',
    explanation:
      'The results that wait to be read exceed what the service keeps for one batch, or for all batches. The lines before this one were handled, and their results come before it. Send the other lines in another batch, and read the results while you send.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The media type is not supported',
    explanation:
      'Send `Content-Type: application/json`, or `application/x-ndjson` for a batch, in UTF-8 and without compression.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    explanation: 'The limit is 16 KiB for the request line and the headers together. Send fewer or shorter headers.',
  },
  validation: {
    status: 422,
    title: 'The request is not valid',
    explanation: '`errors` lists each invalid field by JSON pointer, and what it must be. Nothing was changed.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key was used for another request',
    explanation: 'A key belongs to one request. Send the same body to get its response again, or choose a new key.',
  },
  'invalid-cursor': {
    status: 422,
    title: 'The cursor does not belong to this query',
    explanation:
      'Use the `next_cursor` of a response to the same filters. Without a cursor, the list starts with the newest order.',
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
      'The number of requests per minute is limited for each caller. The headers RateLimit-Policy and RateLimit show the limit and what is left of it. Wait for the time in Retry-After.',
  },
  'token-issuer-unavailable': {
    status: 503,
    title: 'The token cannot be verified now',
    explanation: 'The public keys of the issuer could not be fetched. API keys still work. Try again.',
    retryAfter: 2,
  },
  overloaded: {
    status: 503,
    title: 'The service is overloaded',
    explanation: 'A queue is full. Nothing was changed; try again after the time in Retry-After.',
    retryAfter: 1,
  },
  contended: {
    status: 503,
    title: 'Too many commands on this order at once',
    explanation: 'Other commands changed the order first at every attempt. Nothing was changed; try again.',
    retryAfter: 1,
  },
  'event-log-unavailable': {
    status: 503,
    title: 'The event log is unavailable',
    explanation:
      'PostgreSQL could not handle the request; `detail` says why. If `may_have_been_done` is false, nothing was changed: try again. If it is true, the response of PostgreSQL was lost: repeat the command with the same Idempotency-Key, or with the same `order_id`, and it is done once.',
    retryAfter: 2,
  },
  'log-went-back': {
    status: 503,
    title: 'The event log went back',
    explanation:
      'A restore or a failover has lost the last events of the log, or the service is starting over after that. Nothing was changed. Commands and queries are rejected until an operator has run `orders recover`; `detail` says what was found.',
    retryAfter: 5,
  },
  'clock-behind': {
    status: 503,
    title: 'The clock of the database is behind',
    explanation: 'PostgreSQL’s clock is too far behind the last event. Nothing was changed; queries still work.',
    retryAfter: 5,
  },
  'read-models-unavailable': {
    status: 503,
    title: 'The read models are unavailable',
    explanation:
      'Redis did not respond, or it has lost data that is now filled in again, or the read models of this version are still being built after an upgrade; `detail` says which, and shows the progress. Commands still work; try the query again.',
    retryAfter: 2,
  },
  'position-not-reached': {
    status: 503,
    title: 'The read models have not reached the position',
    explanation: 'The read models did not reach Min-Event-Position in time. Try again; GET /projections shows the lag.',
    retryAfter: 1,
  },
  'unreadable-event': {
    status: 500,
    title: 'An event of the order cannot be read',
    explanation:
      'The log holds an event of this order that cannot be applied; `detail` names its position. The event was changed, something other than the service wrote it, or this process lacks the key that opens its personal data. Other orders are not affected, and sending the request again does not help. An operator finds out more: `orders history` shows the events before it and says what is wrong with it, and `orders verify` says whether it was changed since it was written. If it was changed, restore the log from a backup. Otherwise place the order again under another id.',
  },
  'internal-error': {
    status: 500,
    title: 'An unexpected error occurred',
    explanation: 'This is a bug in the service. Report it with the `request_id`.',
  },
} as const satisfies Record<string, ProblemType> & Record<Exclude<RejectionKind, 'invalid-command'>, ProblemType>;

export type ProblemName = keyof typeof problemTypes;
