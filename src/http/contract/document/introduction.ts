/** The introduction of the OpenAPI document, as Markdown: what holds for all operations. */
export const introduction = `
The API of an order service: commands change orders, queries read them, and every change is an event
in a log that nobody can alter unnoticed.

## A first order

\`\`\`sh
curl -i -X POST localhost:3000/orders -H 'Content-Type: application/json' \\
  -d '{"user_id": "u-1", "item_ids": ["shirt", "mug"], "total_amount": 35.09}'
\`\`\`

The response has the order with its \`order_id\`, the version of the order as \`ETag\`, and the
\`Event-Position\` of the event.

## Access

With access control on, send \`Authorization: Bearer\` with an API key (\`orders keys create\`) or with
a token of the configured issuer. Each operation names the scopes of which the caller needs one. A
caller with the scope \`orders:read:own\` sees its own orders alone: others do not exist for it. The
browser's EventSource cannot send a header: \`POST /streams/tickets\` gives it a ticket for one stream.

## Idempotency

Send each command with an \`Idempotency-Key\` of your choice. If the response is lost, repeat the
request with the same key and body: the command is done once, and the repetition gets the first
response with \`Idempotency-Replayed: true\`. The same key with another body is a 422. Rejected
commands are not remembered. \`If-Match\` with the \`ETag\` of an order rejects a command if the order
has changed meanwhile (412).

## Money

Amounts of orders are JSON numbers in major units, exact: \`59.98\`. Requests may also send decimal
strings. The currency limits the number of decimals: two for EUR, none for JPY. The \`data\` of events
has integers in minor units instead: \`5998\`.

## Paging

Lists have \`limit\` and \`cursor\`. \`next_cursor\` leads to the next page, and a \`next_cursor\` of
null is the only sign of the end: a page may have fewer orders than \`limit\`, or none. To stay in step
with all orders, follow \`GET /orders?sort=updated\`, whose cursors never end.

## Errors

Every error is a problem (RFC 9457) in \`application/problem+json\`. Its \`type\` is the address of a
page that says what to do, and \`GET /problems\` lists all types. Decide by \`type\`, never by the text
of \`detail\`. A 429 or 503 has \`Retry-After\`. In a 503 to a command, \`may_have_been_done\` says
whether the command may have been done.

## Consistency

A command responds once its event is durable, and as a rule once queries show it: it waits up to 250
ms for them. \`Prefer: wait=N\` waits longer, \`Prefer: respond-async\` not at all. A query with
\`Min-Event-Position\`, set to the \`Event-Position\` of a command, shows at least that event. Versions
of one order never go backwards within one process; orders of different partitions have no common
order.

## Batches and streams

\`POST /orders/batch\` takes one command per line (NDJSON) and responds with one line per command while
it reads. If a proxy passes on a batch with its \`Content-Length\`, the response begins once all
lines have arrived. \`GET /orders/stream\` sends changes as Server-Sent Events; after a lost
connection, \`Last-Event-ID\` continues right after the last message. Both can be tried at \`/docs\`:
results appear as they arrive, and a button stops a stream.
`.trim();
