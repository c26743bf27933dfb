// Generated from the OpenAPI document by npm run client.
export interface paths {
    "/orders/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Many commands, one per line, streamed in both directions
         * @description A line is `{"command": "place", …}` or `{"command": "ship", "order_id": …, …}` with the fields of the command’s body, and optionally `idempotency_key`. The headers Idempotency-Key and If-Match belong to one command: a batch with one of them is a 400. The response has one line per command, in the same order. An invalid line fails alone. Lines of one order are applied in order. A client may send all lines before it reads: the service keeps up to 64 MiB of results. Beyond that the last line of the response is the problem results-not-read, and the lines from its number on were not handled.
         */
        post: operations["runBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Orders, newest first, or by their last change
         * @description A page has up to `limit` orders. It ends early if it would become longer than 1 MiB, or if very few orders match. A page may therefore be empty; the last page has a `next_cursor` of null. `status` and `payment_status` may be repeated. With `sort=updated` the order that changed first comes first, and `next_cursor` is never null: a client that follows it misses no change, and gets an order again when it changes again. A page whose `next_cursor` is the `cursor` of its request has reached the end for now. `sort=updated` and `updated_since` need the scope `orders:read`.
         */
        get: operations["listOrders"];
        put?: never;
        /** Place an order */
        post: operations["placeOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/amend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change lines and money before anything is shipped; the reference and the metadata at any time */
        post: operations["amendOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/pay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record a payment; without an amount, of the amount due */
        post: operations["payOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/process": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start processing the order */
        post: operations["processOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/ship": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ship items; without items, everything that is left to ship */
        post: operations["shipOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/track": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Correct the carrier or the tracking number of a shipment */
        post: operations["trackOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/deliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record that units have arrived; without items, everything in transit */
        post: operations["deliverOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel units that have not shipped; without items, all of them */
        post: operations["cancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give money back; without an amount, the surplus or else everything that was paid */
        post: operations["refundOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/credit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lower what the order is worth without moving money; without an amount, by the amount due */
        post: operations["creditOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take items back; without items, everything that was shipped */
        post: operations["returnOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/hold": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put the order on hold, so that it is neither processed nor shipped */
        post: operations["holdOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the hold */
        post: operations["releaseOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/note": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a note */
        post: operations["noteOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/lookup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Orders by a text that identifies them
         * @description Orders whose order id, reference, payment reference, tracking number or user id equals `q`, newest first; `matched_by` names the fields. A caller with the scope `orders:read:own` finds its own orders. A page may be empty; the last page has a `next_cursor` of null. References and tracking numbers that were replaced, and those of forgotten persons, do not match.
         */
        get: operations["lookUpOrders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The metrics of one currency
         * @description Days, weeks and months are those of `time_zone`. A day on which clocks change is shorter or longer, in most zones by an hour. If clocks skip midnight, the day begins with the change; if midnight occurs twice, the day begins at the first. The figures are kept by quarter of an hour of UTC; an interval that begins at another time leads to a 422. With `by=event` each amount counts at the time of its event: refunds and cancellations do not change a month that is over. `orders` then counts the orders placed in the interval, and `cancelled_orders` those cancelled in it; `by_status` has cancelled orders only, and there are no processing times.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Changes as they happen, as Server-Sent Events
         * @description Each message is one change; its data is a Change. The stream starts with the next change. With Last-Event-ID it continues right after that message: no change is missed or repeated. A comment is sent every 15 seconds. An event `reset` says that the changes after the given id are not known; the stream continues with the next change. If its type is `/problems/position-lost`, events that were sent earlier were lost in a restore: `lost` names them, per `partition` those after the position `after` and up to `up_to`, and the stream continues after the last events that still hold. An event `problem` says why the stream ends; if it is temporary, the reader reconnects.
         */
        get: operations["streamOrders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An order: now, at a version, or at a time */
        get: operations["getOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The commands that the order allows now
         * @description For buttons and menus. A command in the list can still be refused, because of its arguments or because the order has changed since; a refusal has a list of its own.
         */
        get: operations["getOrderCommands"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/orders/{order_id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The events of an order: what happened, when, by whom and why
         * @description JSON comes in pages: a page ends once its events are about 1 MiB long, and `next_after` is then the value of the parameter `after` for the next page. CSV is complete, unless `limit` is given.
         */
        get: operations["getOrderHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The state of each projection, once or as Server-Sent Events */
        get: operations["getProjections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/streams/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A ticket to open one stream with, without a header
         * @description For EventSource, which cannot send a header: `GET /orders/stream?ticket=…` or `GET /projections?ticket=…`. A ticket works once, within a minute, with the scopes of the caller. The stream ends when the key or token does.
         */
        post: operations["createStreamTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/rebuild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rebuild a read model from the log, beside the live one */
        post: operations["rebuildProjection"];
        /** Cancel a rebuild; the live read model does not change */
        delete: operations["cancelRebuild"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All subscriptions, with their progress */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Subscribe a URL to events from now on
         * @description No later response shows this secret. Deliveries follow Standard Webhooks.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{webhook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A subscription, with its progress */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /** End a subscription; events that were not delivered are dropped */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{webhook_id}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause or resume a subscription; no event is lost meanwhile */
        post: operations["setWebhookState"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{webhook_id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a subscription a new secret; the old one also signs for 24 hours */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{webhook_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a signed message of the type webhook.test now, in any state */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{webhook_id}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events that were given up, as a rule after 24 hours, by position */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{webhook_id}/dead-letters/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send dead letters again: that of one event, or all */
        post: operations["replayDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Retry the events on which a projection has stopped */
        post: operations["resumeProjection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Skip the event on which a projection has stopped, for good
         * @description The event and all later events of its order are left out of this read model, now and in every later rebuild. The log records the caller and the reason.
         */
        post: operations["skipEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest dry runs of a projection, with their differences */
        get: operations["listDryRuns"];
        put?: never;
        /**
         * Compare a read model with the log, without a change
         * @description Builds a generation, compares it with the live one key by key, and discards it.
         */
        post: operations["startDryRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/dry-run/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Cancel a dry run that is in progress */
        delete: operations["cancelDryRun"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projections/{name}/rebuilds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The last 50 rebuilds of a projection that ended: by whom, when, how long, with which result
         * @description They are kept in Redis, with the read models. A rebuild in progress is in `GET /projections`.
         */
        get: operations["listRebuilds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{webhook_id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The last 50 attempts to deliver an event, with the status of the receiver or the error
         * @description Redis keeps the list until 30 days after the newest attempt. It may lack attempts if Redis was down.
         */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events of the log, by position or by stream, with their hash chain
         * @description Reads the log itself. With `partition`, the events after the position `after`, or those recorded from the time `at` on. With `order_id`, the events of that stream after the version `after`.
         */
        get: operations["browseLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/verifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest verifications, with their progress and findings, and the last signed checkpoint */
        get: operations["listVerifications"];
        put?: never;
        /**
         * Check that no event was changed, removed or inserted
         * @description Recomputes the hash chain of every partition. With a signed checkpoint, also checks that the log still holds everything that it describes.
         */
        post: operations["startVerification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/verifications/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Cancel a verification that is in progress */
        delete: operations["cancelVerification"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All API keys, without their secrets */
        get: operations["listKeys"];
        put?: never;
        /**
         * Create an API key
         * @description No later response shows the key. A caller can give only scopes that it has itself.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke an API key; it stops working within a second */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/system": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Processes, servers, and the configuration of this process without secrets */
        get: operations["getSystem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether callers need a key or token, and where people can sign in */
        get: operations["getAccess"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/access/caller": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller of this request: its subject and its scopes */
        get: operations["getCaller"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The log’s heads, hashes and Merkle roots, signed */
        get: operations["getCheckpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys for the signatures of checkpoints (RFC 7517) */
        get: operations["getSigningKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metrics of this process, in the format of Prometheus */
        get: operations["getServiceMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process is running */
        get: operations["isLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process can serve requests, and the state of each dependency */
        get: operations["isReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the service as a whole keeps its promises; for people and alerts, not for load balancers */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The console; for programs, a list of the endpoints */
        get: operations["getService"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/web/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A style sheet, a script or the icon of the pages */
        get: operations["getConsoleFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document as a page, to read and to try out */
        get: operations["getDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All problem types */
        get: operations["listProblems"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems/{problem}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The meaning of a problem type, and what to do */
        get: operations["getProblem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    OrderPlaced: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderPlaced: The order exists. It is the first event of its stream.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderPlaced"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderAmended: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderAmended: Lines, adjustments, total, reference or metadata were changed.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderAmended"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderPaid: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderPaid: A payment of the customer arrived.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderPaid"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderProcessingStarted: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderProcessingStarted: The shop began to prepare the order.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderProcessingStarted"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderShipped: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderShipped: Units left as a shipment.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderShipped"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderShipmentTracked: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderShipmentTracked: The carrier or the tracking number of a shipment was corrected.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderShipmentTracked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderDelivered: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderDelivered: Units arrived.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderDelivered"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderCancelled: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderCancelled: Units that had not shipped, or the whole order, were cancelled.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderCancelled"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderRefunded: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderRefunded: Money was given back to the customer.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderRefunded"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderCredited: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderCredited: The order is worth less, and no money was given back.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderCredited"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderReturned: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderReturned: Shipped units came back, or were lost.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderReturned"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderHeld: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderHeld: The order was put on hold: nothing is processed or shipped until it is released.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderHeld"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderReleased: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderReleased: The hold ended.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderReleased"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderNoteAdded: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderNoteAdded: Somebody added a note.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderNoteAdded"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    OrderPersonErased: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * OrderPersonErased: The customer was forgotten: no sealed field of the order’s events can be read any more.
         * @description Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. A delivery is retried for 24 hours until the response is 2xx.
         */
        post: operations["receiveOrderPersonErased"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /** @description An ISO 4217 code. */
        Currency: string;
        Order: {
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string;
            /** @description The shop’s own number. */
            reference: string | null;
            /** @description The customer, by the id that the shop uses. */
            user_id: string;
            /**
             * @description The status of the order, which follows from what happened to its units.
             * @enum {unknown}
             */
            status: "pending" | "processing" | "partially_shipped" | "shipped" | "delivered" | "cancelled" | "partially_returned" | "returned";
            /**
             * @description The status of the money, which follows from payments, refunds and credits.
             * @enum {unknown}
             */
            payment_status: "unpaid" | "partially_paid" | "paid" | "partially_refunded" | "refunded";
            /** @description Whether the order is on hold: it is then neither processed nor shipped. */
            on_hold: boolean;
            /** @description The lines of the order, or the units that the command or the event concerns. */
            items: {
                /** @description The line of the order. */
                line_id: string;
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
                /** @description In major units, exact, with up to 6 decimals. */
                unit_price?: number;
                /** @description Units that were cancelled. */
                cancelled: number;
                /** @description Units that were shipped and are not to be shipped again. */
                shipped: number;
                /** @description Units that have arrived, also those that came back later. */
                delivered: number;
                /** @description Units that came back. */
                returned: number;
            }[];
            /** @description Each item once. */
            item_ids: string[];
            /** @description Money that belongs to no unit, such as shipping and discounts. */
            adjustments: {
                /**
                 * @description The kind of the adjustment.
                 * @enum {unknown}
                 */
                type: "shipping" | "tax" | "discount" | "fee" | "tip" | "other";
                /** @description In major units, exact. */
                amount: number;
                /** @description A text to show beside the amount. */
                description?: string;
            }[];
            /** @description In major units, exact. */
            total_amount: number;
            currency: components["schemas"]["Currency"];
            /** @description The amount that cancellations took off the total. */
            cancelled_amount: number;
            /** @description The amount that refunds and credits took off the total. */
            credited_amount: number;
            /** @description In major units, exact. */
            paid_amount: number;
            /** @description In major units, exact. */
            refunded_amount: number;
            /** @description total_amount − cancelled_amount − credited_amount − (paid_amount − refunded_amount). Above zero: due. Below zero: to be given back. */
            balance: number;
            /** @description The shipments of the order, in the order in which they left. */
            shipments: {
                /** @description The shipment, numbered from 1 within its order. */
                shipment_id: string;
                /** @description The lines of the order, or the units that the command or the event concerns. */
                items: {
                    /** @description The line of the order. */
                    line_id: string;
                    /** @description The item, by the id that the shop uses. */
                    item_id: string;
                    /** @description A number of units. */
                    quantity: number;
                }[];
                /** @description The carrier of the shipment; null if it is not known. */
                carrier: string | null;
                /** @description The carrier’s number of the shipment; null if it is not known. */
                tracking_number: string | null;
                /**
                 * Format: date-time
                 * @description When the shipment left.
                 */
                shipped_at: string;
                /**
                 * Format: date-time
                 * @description When its last unit arrived; null while units are in transit.
                 */
                delivered_at: string | null;
            }[];
            /** @description Key-value pairs that the shop keeps with the order. */
            metadata: {
                [key: string]: string;
            };
            /**
             * Format: date-time
             * @description When the order was placed.
             */
            placed_at: string;
            /**
             * Format: date-time
             * @description When the log recorded the last event of the order.
             */
            updated_at: string;
            /** @description The version of the order: the number of its last event. It is also the ETag. */
            version: number;
            /**
             * @description Present if the read model lacks later events of the order, because an operator has let it skip one (GET /projections lists them). Only the response with a single order has it.
             * @constant
             */
            damaged?: true;
        };
        OrderPage: {
            /** @description The orders of the page. */
            orders: components["schemas"]["Order"][];
            /** @description The cursor of the next page; null on the last page, and never null with sort=updated. */
            next_cursor: string | null;
        };
        LookupPage: {
            /** @description The orders of the page. */
            orders: {
                /**
                 * Format: uuid
                 * @description The id of the order, a UUID.
                 */
                order_id: string;
                /** @description The shop’s own number. */
                reference: string | null;
                /** @description The customer, by the id that the shop uses. */
                user_id: string;
                /**
                 * @description The status of the order, which follows from what happened to its units.
                 * @enum {unknown}
                 */
                status: "pending" | "processing" | "partially_shipped" | "shipped" | "delivered" | "cancelled" | "partially_returned" | "returned";
                /**
                 * @description The status of the money, which follows from payments, refunds and credits.
                 * @enum {unknown}
                 */
                payment_status: "unpaid" | "partially_paid" | "paid" | "partially_refunded" | "refunded";
                /** @description Whether the order is on hold: it is then neither processed nor shipped. */
                on_hold: boolean;
                /** @description The lines of the order, or the units that the command or the event concerns. */
                items: {
                    /** @description The line of the order. */
                    line_id: string;
                    /** @description The item, by the id that the shop uses. */
                    item_id: string;
                    /** @description A number of units. */
                    quantity: number;
                    /** @description In major units, exact, with up to 6 decimals. */
                    unit_price?: number;
                    /** @description Units that were cancelled. */
                    cancelled: number;
                    /** @description Units that were shipped and are not to be shipped again. */
                    shipped: number;
                    /** @description Units that have arrived, also those that came back later. */
                    delivered: number;
                    /** @description Units that came back. */
                    returned: number;
                }[];
                /** @description Each item once. */
                item_ids: string[];
                /** @description Money that belongs to no unit, such as shipping and discounts. */
                adjustments: {
                    /**
                     * @description The kind of the adjustment.
                     * @enum {unknown}
                     */
                    type: "shipping" | "tax" | "discount" | "fee" | "tip" | "other";
                    /** @description In major units, exact. */
                    amount: number;
                    /** @description A text to show beside the amount. */
                    description?: string;
                }[];
                /** @description In major units, exact. */
                total_amount: number;
                currency: components["schemas"]["Currency"];
                /** @description The amount that cancellations took off the total. */
                cancelled_amount: number;
                /** @description The amount that refunds and credits took off the total. */
                credited_amount: number;
                /** @description In major units, exact. */
                paid_amount: number;
                /** @description In major units, exact. */
                refunded_amount: number;
                /** @description total_amount − cancelled_amount − credited_amount − (paid_amount − refunded_amount). Above zero: due. Below zero: to be given back. */
                balance: number;
                /** @description The shipments of the order, in the order in which they left. */
                shipments: {
                    /** @description The shipment, numbered from 1 within its order. */
                    shipment_id: string;
                    /** @description The lines of the order, or the units that the command or the event concerns. */
                    items: {
                        /** @description The line of the order. */
                        line_id: string;
                        /** @description The item, by the id that the shop uses. */
                        item_id: string;
                        /** @description A number of units. */
                        quantity: number;
                    }[];
                    /** @description The carrier of the shipment; null if it is not known. */
                    carrier: string | null;
                    /** @description The carrier’s number of the shipment; null if it is not known. */
                    tracking_number: string | null;
                    /**
                     * Format: date-time
                     * @description When the shipment left.
                     */
                    shipped_at: string;
                    /**
                     * Format: date-time
                     * @description When its last unit arrived; null while units are in transit.
                     */
                    delivered_at: string | null;
                }[];
                /** @description Key-value pairs that the shop keeps with the order. */
                metadata: {
                    [key: string]: string;
                };
                /**
                 * Format: date-time
                 * @description When the order was placed.
                 */
                placed_at: string;
                /**
                 * Format: date-time
                 * @description When the log recorded the last event of the order.
                 */
                updated_at: string;
                /** @description The version of the order: the number of its last event. It is also the ETag. */
                version: number;
                /**
                 * @description Present if the read model lacks later events of the order, because an operator has let it skip one (GET /projections lists them). Only the response with a single order has it.
                 * @constant
                 */
                damaged?: true;
                /** @description The fields that equal `q`. */
                matched_by: ("order_id" | "reference" | "payment_reference" | "tracking_number" | "user_id")[];
            }[];
            /** @description The cursor of the next page; null on the last page. */
            next_cursor: string | null;
        };
        OrderCommands: {
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string;
            /** @description The version of the order for which the list holds. */
            version: number;
            /** @description The commands that the order accepts now. */
            allowed_commands: ("place" | "amend" | "pay" | "process" | "ship" | "track" | "deliver" | "cancel" | "refund" | "credit" | "return" | "hold" | "release" | "note")[];
        };
        Change: {
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string;
            /** @description The number of the event in the stream of its order, from 1. */
            version: number;
            /** @description The type of the event. */
            type: string;
            /** @description As in the log: amounts are in minor units. */
            data: {
                [key: string]: unknown;
            };
            /** @description The caller whose command led to the event. */
            actor: string;
            /**
             * Format: date-time
             * @description When it happened, according to the caller or the service.
             */
            occurred_at: string;
            /**
             * Format: date-time
             * @description When the log recorded it.
             */
            recorded_at: string;
            /** @description An Event-Position. */
            position: string;
        };
        HistoryEvent: {
            /** @description The number of the event in the stream of its order, from 1. */
            version: number;
            /** @description The type of the event. */
            type: string;
            /** @description As in the log: amounts are in minor units. */
            data: {
                [key: string]: unknown;
            };
            /** @description The caller whose command led to the event. */
            actor: string;
            /**
             * Format: date-time
             * @description When it happened, according to the caller or the service.
             */
            occurred_at: string;
            /**
             * Format: date-time
             * @description When the log recorded it.
             */
            recorded_at: string;
            /** @description The position in its partition of the log, from 1. */
            position: number;
            /** @description SHA-256, hex. */
            hash: string;
            /** @description The id of the request: X-Request-Id. */
            request_id?: string;
            /** @description The id of the first request in a chain of requests. */
            correlation_id?: string;
            /** @description The id of what led to this request. */
            causation_id?: string;
            /** @description The Idempotency-Key of the command. */
            idempotency_key?: string;
            /** @description The fields that changed. */
            changes?: {
                /** @description The JSON pointer (RFC 6901) of the field in the order. It names a line by its item, /items/ITEM_ID/shipped, and by item and line if the item has several lines: /items/ITEM_ID/LINE_ID/shipped. */
                pointer: string;
                /** @description The earlier value. Absent if the field did not exist. */
                before?: unknown;
                /** @description The later value. Absent if the field does not exist in the later version. */
                after?: unknown;
            }[];
        };
        OrderHistory: {
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string;
            /** @description The partition of the log, from 0. */
            partition: number;
            /** @description The events, oldest first. */
            events: components["schemas"]["HistoryEvent"][];
            /** @description The value of the parameter `after` for the next page; null on the last page. */
            next_after: number | null;
        };
        ChangesBetweenVersions: {
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string;
            /** @description The version that is compared from. */
            from_version: number;
            /** @description The version that is compared to. */
            to_version: number;
            /** @description The fields that changed. */
            changes: {
                /** @description The JSON pointer (RFC 6901) of the field in the order. It names a line by its item, /items/ITEM_ID/shipped, and by item and line if the item has several lines: /items/ITEM_ID/LINE_ID/shipped. */
                pointer: string;
                /** @description The earlier value. Absent if the field did not exist. */
                before?: unknown;
                /** @description The later value. Absent if the field does not exist in the later version. */
                after?: unknown;
            }[];
        };
        OrderProof: {
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string;
            /** @description The partition of the log, from 0. */
            partition: number;
            /** @description The number of partitions of the log. */
            partitions: number;
            /** @description The events, oldest first. */
            events: {
                /** @description The position in its partition of the log, from 1. */
                position: number;
                /** @description The number of the event in the stream of its order, from 1. */
                version: number;
                /** @description The type of the event. */
                type: string;
                /**
                 * Format: date-time
                 * @description When it happened, according to the caller or the service.
                 */
                occurred_at: string;
                /**
                 * Format: date-time
                 * @description When the log recorded it.
                 */
                recorded_at: string;
                /** @description JSON text, byte for byte as it is hashed. */
                data: string;
                /** @description JSON text with the actor, the request and the schema version, as it is hashed. */
                metadata: string;
                /** @description The hash of the event before it in the partition, SHA-256, hex. */
                previous_hash: string;
                /** @description SHA-256, hex. */
                hash: string;
                /** @description The hashes from the event’s leaf to the Merkle root, the lowest first. */
                path: string[];
            }[];
            checkpoint: components["schemas"]["SignedCheckpoint"];
        };
        History: components["schemas"]["OrderHistory"] | components["schemas"]["ChangesBetweenVersions"] | components["schemas"]["OrderProof"];
        Metrics: {
            currency: components["schemas"]["Currency"];
            /** @description The other currencies that have orders. */
            other_currencies: components["schemas"]["Currency"][];
            /** @description The number of orders in the range. */
            total_orders: number;
            /** @description The number of orders by status. Statuses without orders are left out. */
            by_status: {
                [key: string]: number;
            };
            /** @description The number of units. */
            units: number;
            /** @description Sums of money, in major units. */
            revenue: {
                /** @description The totals of the orders, as last amended. */
                gross: number;
                /** @description The amount that cancellations took off the totals. */
                cancelled: number;
                /** @description The amount that refunds took off the totals. */
                refunded: number;
                /** @description The amount that credits took off the totals. */
                credited: number;
                /** @description gross − cancelled − refunded − credited: what the orders are worth. */
                net: number;
                /** @description Money that came in. */
                paid: number;
                /** @description Money that went back to customers. */
                given_back: number;
                /** @description paid − given_back. */
                cash: number;
            };
            /** @description Gross revenue per order; null without any order. */
            average_order_value: number | null;
            /** @description Times from placing, in seconds. */
            processing_time: {
                /** @description From placing to the shipment of the last unit. */
                placed_to_shipped: {
                    /** @description The number of orders measured. */
                    count: number;
                    /** @description The mean, in seconds; null without any order. */
                    mean: number | null;
                    /** @description The median, in seconds, within 1 %; null without any order. */
                    p50: number | null;
                    /** @description The 90th percentile, in seconds, within 1 %; null without any order. */
                    p90: number | null;
                    /** @description The 99th percentile, in seconds, within 1 %; null without any order. */
                    p99: number | null;
                };
                /** @description From placing to the delivery of the last unit. */
                placed_to_delivered: {
                    /** @description The number of orders measured. */
                    count: number;
                    /** @description The mean, in seconds; null without any order. */
                    mean: number | null;
                    /** @description The median, in seconds, within 1 %; null without any order. */
                    p50: number | null;
                    /** @description The 90th percentile, in seconds, within 1 %; null without any order. */
                    p90: number | null;
                    /** @description The 99th percentile, in seconds, within 1 %; null without any order. */
                    p99: number | null;
                };
            };
            /** @description The figures by interval. Present if the request has `interval`. */
            series?: {
                /**
                 * Format: date-time
                 * @description The start of the interval.
                 */
                start: string;
                /** @description The number of orders. */
                orders: number;
                /** @description The number of orders of which every unit was cancelled. */
                cancelled_orders: number;
                /** @description The number of units. */
                units: number;
                /** @description Sums of money, in major units. */
                revenue: {
                    /** @description The totals of the orders, as last amended. */
                    gross: number;
                    /** @description The amount that cancellations took off the totals. */
                    cancelled: number;
                    /** @description The amount that refunds took off the totals. */
                    refunded: number;
                    /** @description The amount that credits took off the totals. */
                    credited: number;
                    /** @description gross − cancelled − refunded − credited: what the orders are worth. */
                    net: number;
                    /** @description Money that came in. */
                    paid: number;
                    /** @description Money that went back to customers. */
                    given_back: number;
                    /** @description paid − given_back. */
                    cash: number;
                };
            }[];
        };
        Projections: {
            /** @description The projections, each with its partitions. */
            projections: {
                /** @description The name of the projection. */
                name: string;
                /** @description The version of the projection’s code that made the generation which queries read. */
                version: number;
                /** @description The number of the generation: one complete copy of the read model. */
                generation: number;
                /** @description Events that are still to be projected. */
                lag: number;
                /** @description The longest lag of a partition; null if one is unknown. */
                lag_seconds: number | null;
                /**
                 * @description The worst state of a partition: stopped, then unowned, blocked, live.
                 * @enum {unknown}
                 */
                state: "stopped" | "unowned" | "blocked" | "live";
                /** @description The rebuild in progress; null if there is none. */
                rebuild: components["schemas"]["Rebuild"] | null;
                /** @description The partitions, by number. */
                partitions: {
                    /** @description The partition of the log, from 0. */
                    partition: number;
                    /**
                     * @description stopped: at an event, see `stopped`. unowned: no living projector reports on the partition. blocked: Redis refuses writes, so that projectors can neither apply events nor report.
                     * @enum {unknown}
                     */
                    state: "stopped" | "unowned" | "blocked" | "live";
                    /** @description The position up to which events are applied. */
                    checkpoint: number;
                    /** @description The last position of the partition. */
                    head: number;
                    /** @description Events that are still to be projected. */
                    lag: number;
                    /** @description Age of the first event that is not applied, within a second; null if it is unknown. */
                    lag_seconds: number | null;
                    /** @description The process that projects the partition; null if none does. */
                    owner: string | null;
                    /**
                     * Format: date-time
                     * @description When the owner last reported; null if none did.
                     */
                    reported_at: string | null;
                    /** @description Seconds since a projector last reported on the partition; null if none did within an hour. */
                    report_age_seconds: number | null;
                    /** @description The event at which the projection stopped, and why. */
                    stopped?: {
                        /** @description The position in its partition of the log, from 1. */
                        position: number;
                        /**
                         * Format: uuid
                         * @description The id of the order, a UUID.
                         */
                        order_id: string | null;
                        /** @description The type of the event. */
                        type: string | null;
                        /** @description The error message. */
                        error: string;
                        /**
                         * Format: date-time
                         * @description When it stopped.
                         */
                        at: string;
                    };
                }[];
                /** @description Events that an operator has decided to skip, and with each the later events of its order: these orders are damaged in this read model. */
                skipped: {
                    /** @description The partition of the log, from 0. */
                    partition: number;
                    /** @description The position in its partition of the log, from 1. */
                    position: number;
                    /**
                     * Format: uuid
                     * @description The id of the order, a UUID.
                     */
                    order_id: string | null;
                    /** @description The type of the event. */
                    type: string | null;
                }[];
            }[];
            /** @description Seconds since this process last read the heads from the log; null before the first time. */
            heads_age_seconds: number | null;
        };
        Rebuild: {
            /** @description The number of the generation: one complete copy of the read model. */
            generation: number;
            /** @description The version of the projection’s code that builds the generation. */
            version: number;
            /**
             * @description stopped: at an event, see `stopped`. unowned: a partition has no living projector. blocked: Redis refuses writes, so that projectors can neither apply events nor report.
             * @enum {unknown}
             */
            state: "building" | "stopped" | "unowned" | "blocked";
            /** @description The caller who requested it. */
            requested_by: string;
            /**
             * Format: date-time
             * @description When it was requested.
             */
            requested_at: string;
            /** @description Events processed so far. */
            events_done: number;
            /** @description Events to process in all. */
            events_total: number;
            /** @description Events that are still to be projected. */
            lag: number;
            /** @description The rate; null before it is known. */
            events_per_second: number | null;
            /** @description The estimated time left, in seconds; null before the rate is known. */
            seconds_left: number | null;
            /** @description The events at which the rebuild has stopped, one per partition, and why. */
            stopped?: {
                /** @description The partition of the log, from 0. */
                partition: number;
                /** @description The position in its partition of the log, from 1. */
                position: number;
                /**
                 * Format: uuid
                 * @description The id of the order, a UUID.
                 */
                order_id: string | null;
                /** @description The type of the event. */
                type: string | null;
                /** @description The error message. */
                error: string;
                /**
                 * Format: date-time
                 * @description When it stopped.
                 */
                at: string;
            }[];
        };
        RebuildRequested: {
            /** @description The name of the projection. */
            name: string;
            /** @description false: a rebuild was already in progress. */
            requested: boolean;
            /** @description The rebuild in progress; null if there is none. */
            rebuild: components["schemas"]["Rebuild"] | null;
        };
        SignedCheckpoint: {
            /** @description The checkpoint of the whole log that the signature is for. */
            checkpoint: {
                /**
                 * Format: uuid
                 * @description The id of the log.
                 */
                log_id: string;
                /** @description The epoch of the log: a restore that lost events starts another. */
                epoch?: string;
                /**
                 * Format: date-time
                 * @description When it was created.
                 */
                created_at: string;
                /** @description The partitions, by number. */
                partitions: {
                    /** @description The partition of the log, from 0. */
                    partition: number;
                    /** @description The position of the last event, which is also the size of the Merkle tree. */
                    position: number;
                    /** @description The hash of that event, SHA-256, hex. */
                    hash: string;
                    /** @description The root of the Merkle tree over the events, SHA-256, hex. */
                    root: string;
                }[];
            };
            /** @description A compact JWS: EdDSA with Ed25519 over the JSON of the checkpoint. */
            jws: string;
        };
        JsonWebKeySet: {
            /** @description The keys. */
            keys: {
                /** @description The type of the key: OKP. */
                kty: string;
                /** @description The id of the key, which signatures name. */
                kid: string;
            }[];
        };
        BatchLine: {
            /** @description The number of the line in the request, from 1. */
            line: number;
            /**
             * @description The status that a request with this command alone would have had.
             * @enum {unknown}
             */
            status: 200 | 201;
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string;
            /** @description The version of the order: the number of the event of the command. */
            version: number;
            /**
             * @description The command was handled before, and this is its first result.
             * @constant
             */
            replayed?: true;
        } | {
            /** @description The number of the line in the request, from 1. */
            line: number;
            /** @description The status that a request with this command alone would have had. */
            status: number;
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id?: string;
            problem: components["schemas"]["LineProblem"];
        };
        StreamTicket: {
            /** @description The ticket, for the parameter `ticket`. */
            ticket: string;
            /**
             * Format: date-time
             * @description When it stops working, if it is not used before.
             */
            expires_at: string;
        };
        Webhook: {
            /**
             * Format: uuid
             * @description The id of the webhook.
             */
            webhook_id: string;
            /** @description The URL to which events are sent. */
            url: string;
            /** @description null: events of all types. */
            event_types: string[] | null;
            /**
             * @description gone: the receiver responded with 410. disabled: it failed for 5 days. In both states nothing is sent until the state is set to active; no event is lost.
             * @enum {unknown}
             */
            state: "active" | "paused" | "gone" | "disabled";
            /**
             * @description open: deliveries for many orders failed in a row, and nothing is sent until retry_at. half-open: one delivery at a time is sent until one succeeds.
             * @enum {unknown}
             */
            breaker: "closed" | "open" | "half-open";
            /**
             * Format: date-time
             * @description When the breaker opened; null if it is closed.
             */
            failing_since: string | null;
            /**
             * Format: date-time
             * @description When the next delivery is tried; null unless the breaker is open.
             */
            retry_at: string | null;
            /** @description The error that opened the breaker, or disabled the webhook. */
            last_error: string | null;
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description The caller who created it. */
            created_by: string;
            /** @description Events that are still to be delivered, retries included. */
            pending: number;
            /** @description The number of events whose delivery was given up. */
            dead_letters: number;
            /** @description Events of the log that the delivery has not read yet. */
            lag: number;
        };
        Webhooks: {
            /** @description The webhooks, oldest first. */
            webhooks: components["schemas"]["Webhook"][];
        };
        WebhookWithSecret: {
            /**
             * Format: uuid
             * @description The id of the webhook.
             */
            webhook_id: string;
            /** @description The URL to which events are sent. */
            url: string;
            /** @description null: events of all types. */
            event_types: string[] | null;
            /**
             * @description gone: the receiver responded with 410. disabled: it failed for 5 days. In both states nothing is sent until the state is set to active; no event is lost.
             * @enum {unknown}
             */
            state: "active" | "paused" | "gone" | "disabled";
            /**
             * @description open: deliveries for many orders failed in a row, and nothing is sent until retry_at. half-open: one delivery at a time is sent until one succeeds.
             * @enum {unknown}
             */
            breaker: "closed" | "open" | "half-open";
            /**
             * Format: date-time
             * @description When the breaker opened; null if it is closed.
             */
            failing_since: string | null;
            /**
             * Format: date-time
             * @description When the next delivery is tried; null unless the breaker is open.
             */
            retry_at: string | null;
            /** @description The error that opened the breaker, or disabled the webhook. */
            last_error: string | null;
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description The caller who created it. */
            created_by: string;
            /** @description Events that are still to be delivered, retries included. */
            pending: number;
            /** @description The number of events whose delivery was given up. */
            dead_letters: number;
            /** @description Events of the log that the delivery has not read yet. */
            lag: number;
            /** @description No later response shows it. */
            secret: string;
        };
        DeadLetters: {
            /** @description Events whose delivery was given up. */
            dead_letters: {
                /** @description partition:position, or partition:position@epoch after the first epoch */
                event: string;
                /**
                 * Format: uuid
                 * @description The id of the order, a UUID.
                 */
                order_id: string;
                /** @description The type of the event. */
                type: string;
                /** @description The number of attempts. */
                attempts: number;
                /**
                 * Format: date-time
                 * @description When the event was first sent.
                 */
                first_attempt_at: string;
                /**
                 * Format: date-time
                 * @description When the event was last sent.
                 */
                last_attempt_at: string;
                /** @description Why the last attempt failed. */
                last_error: string;
            }[];
            /** @description The value of the parameter `after` for the next page; null on the last page. */
            next_after: string | null;
        };
        DeadLettersReplayed: {
            /** @description The number of dead letters that are sent again. */
            replayed: number;
        };
        WebhookTested: {
            /** @description Whether the receiver responded with a status 2xx. */
            accepted: boolean;
            /** @description Why the message was not accepted. */
            error: string | null;
            /** @description How long it took, in milliseconds. */
            duration_ms: number;
        };
        SkippedEvent: {
            /** @description The name of the projection. */
            projection: string;
            /** @description The partition of the log, from 0. */
            partition: number;
            /** @description The position in its partition of the log, from 1. */
            position: number;
            /**
             * Format: uuid
             * @description The id of the order, a UUID.
             */
            order_id: string | null;
            /** @description The type of the event. */
            type: string | null;
            /** @description The Event-Position at which the log records the decision. */
            recorded_at_position: string;
        };
        EndedRebuilds: {
            /** @description The rebuilds that ended, newest first. */
            rebuilds: {
                /** @description The number of the generation: one complete copy of the read model. */
                generation: number;
                /** @description The version of the projection’s code that built the generation. */
                version: number;
                /** @description The caller who requested it. */
                requested_by: string;
                /**
                 * Format: date-time
                 * @description When it was requested.
                 */
                requested_at: string;
                /**
                 * Format: date-time
                 * @description When the generation became live, or the rebuild was cancelled.
                 */
                ended_at: string;
                /** @description From the request to the end. */
                duration_seconds: number;
                /**
                 * @description live: queries were served from it from then on. cancelled: an operator cancelled the rebuild.
                 * @enum {unknown}
                 */
                result: "live" | "cancelled";
            }[];
        };
        WebhookDeliveries: {
            /** @description The attempts to deliver, newest first. */
            deliveries: {
                /** @description The Event-Position of the event. */
                event: string;
                /**
                 * Format: uuid
                 * @description The id of the order, a UUID.
                 */
                order_id: string;
                /** @description The type of the event. */
                type: string;
                /** @description Which attempt for the event it was, from 1. */
                attempt: number;
                /**
                 * Format: date-time
                 * @description When the attempt began.
                 */
                at: string;
                /** @description How long it took, in milliseconds. */
                duration_ms: number;
                /**
                 * @description failed: it is tried again, or became a dead letter. gone: the receiver wants no more events.
                 * @enum {unknown}
                 */
                result: "delivered" | "failed" | "gone";
                /** @description The status of the response; null if there was none. */
                status: number | null;
                /** @description Why the attempt failed. */
                error: string | null;
            }[];
        };
        DryRun: {
            /**
             * Format: uuid
             * @description The id of the run.
             */
            run_id: string;
            /**
             * @description interrupted: the process that ran it has stopped, or had no connection to Redis for 10 s.
             * @enum {unknown}
             */
            state: "running" | "done" | "failed" | "cancelled" | "interrupted";
            /** @description The caller who requested it. */
            requested_by: string;
            /**
             * Format: date-time
             * @description When it started.
             */
            started_at: string;
            /**
             * Format: date-time
             * @description When it ended; null while it runs, or if it was interrupted and its end is not known.
             */
            ended_at: string | null;
            /** @description Why the run failed. */
            error: string | null;
            /** @description Events processed so far. */
            events_done: number;
            /** @description Events to process in all. */
            events_total: number;
            /** @description The number of keys that were compared. */
            compared_keys: number;
            /** @description The number of differences. */
            differences_total: number;
            /** @description false: there are more differences than were counted. */
            is_complete: boolean;
            /** @description The first 200 differences. Their texts end after 500 characters. */
            differences: {
                /** @description The partition of the log, from 0. */
                partition: number;
                /** @description The key in Redis, without its prefix. */
                key: string;
                /**
                 * Format: uuid
                 * @description The id of the order, a UUID.
                 */
                order_id: string | null;
                /** @description The field of the key; empty if the whole key differs. */
                field: string;
                /** @description The value that queries read; null if there is none. */
                live: string | null;
                /** @description The value that follows from the log; null if there is none. */
                rebuilt: string | null;
            }[];
        };
        DryRunStarted: {
            /** @description false: a run was already in progress. */
            is_new: boolean;
            run: components["schemas"]["DryRun"];
        };
        DryRuns: {
            /** @description The runs, newest first. */
            runs: components["schemas"]["DryRun"][];
        };
        Verification: {
            /**
             * Format: uuid
             * @description The id of the run.
             */
            run_id: string;
            /**
             * @description interrupted: the process that ran it has stopped, or had no connection to Redis for 10 s.
             * @enum {unknown}
             */
            state: "running" | "done" | "failed" | "cancelled" | "interrupted";
            /** @description The caller who requested it. */
            requested_by: string;
            /**
             * Format: date-time
             * @description When it started.
             */
            started_at: string;
            /**
             * Format: date-time
             * @description When it ended; null while it runs, or if it was interrupted and its end is not known.
             */
            ended_at: string | null;
            /** @description Why the run failed. */
            error: string | null;
            /** @description Events processed so far. */
            events_done: number;
            /** @description Events to process in all. */
            events_total: number;
            /**
             * Format: date-time
             * @description When the checkpoint was made that the log was compared with.
             */
            against: string | null;
            /** @description Events that were changed, removed or inserted. Empty: none was found. */
            findings: {
                /** @description The partition of the log, from 0. */
                partition: number;
                /** @description The position in its partition of the log, from 1. */
                position: number;
                /** @description The kind of the finding. */
                reason: string;
                /** @description A sentence about this case. */
                detail: string;
            }[];
        };
        VerificationStarted: {
            /** @description false: a run was already in progress. */
            is_new: boolean;
            run: components["schemas"]["Verification"];
        };
        Verifications: {
            /** @description The runs, newest first. */
            runs: components["schemas"]["Verification"][];
            /**
             * Format: date-time
             * @description When a signed checkpoint of this log was last taken; null if none ever was.
             */
            last_checkpoint_at: string | null;
        };
        LogPage: {
            /** @description The events, oldest first. */
            events: {
                /** @description The partition of the log, from 0. */
                partition: number;
                /** @description The position in its partition of the log, from 1. */
                position: number;
                /**
                 * Format: uuid
                 * @description The id of the order, a UUID.
                 */
                order_id: string;
                /** @description The number of the event in the stream of its order, from 1. */
                version: number;
                /** @description The type of the event. */
                type: string;
                /** @description As in the log: amounts are in minor units. Sealed data is opened. */
                data: {
                    [key: string]: unknown;
                };
                /** @description Whether the data is still sealed, because it cannot be opened. */
                is_sealed: boolean;
                /** @description The actor, the request and the schema version of the event. */
                metadata: {
                    [key: string]: unknown;
                };
                /**
                 * Format: date-time
                 * @description When it happened, according to the caller or the service.
                 */
                occurred_at: string;
                /**
                 * Format: date-time
                 * @description When the log recorded it.
                 */
                recorded_at: string;
                /** @description The hash of the event before it in the partition, SHA-256, hex; null if the log lacks that event. */
                previous_hash: string | null;
                /** @description SHA-256, hex. */
                hash: string;
                /** @description Whether the hash is that of the content and of the hash before it. */
                is_intact: boolean;
            }[];
            /** @description The last position of the partition; null for a stream. */
            head: number | null;
            /** @description The position, or in a stream the version, after which the next page begins; null at the end. */
            next_after: number | null;
        };
        ApiKeys: {
            /** @description The keys. */
            keys: {
                /** @description The id of the key, which is not secret. */
                key_id: string;
                /** @description The owner or the use of the key. */
                name: string;
                /** @description The actor in the events of the key. */
                subject: string;
                /** @description The scopes of the key or token. */
                scopes: ("orders:write" | "orders:import" | "orders:read" | "orders:read:own" | "metrics:read" | "audit:read" | "admin")[];
                /**
                 * Format: date-time
                 * @description When it was created.
                 */
                created_at: string;
                /** @description The creator: `key:` and the id of the key that called the API, the subject of a token, or `operator:` and the user of the command line. null for a key from before creators were recorded. */
                created_by: string | null;
                /**
                 * Format: date-time
                 * @description When it expires; null: never.
                 */
                expires_at: string | null;
                /**
                 * Format: date-time
                 * @description When the key was revoked; null if it was not.
                 */
                revoked_at: string | null;
                /**
                 * Format: date-time
                 * @description Within a minute; null if the key was never used.
                 */
                last_used_at: string | null;
            }[];
        };
        ApiKeyWithSecret: {
            /** @description The id of the key, which is not secret. */
            key_id: string;
            /** @description The owner or the use of the key. */
            name: string;
            /** @description The actor in the events of the key. */
            subject: string;
            /** @description The scopes of the key or token. */
            scopes: ("orders:write" | "orders:import" | "orders:read" | "orders:read:own" | "metrics:read" | "audit:read" | "admin")[];
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description The creator: `key:` and the id of the key that called the API, the subject of a token, or `operator:` and the user of the command line. null for a key from before creators were recorded. */
            created_by: string | null;
            /**
             * Format: date-time
             * @description When it expires; null: never.
             */
            expires_at: string | null;
            /**
             * Format: date-time
             * @description When the key was revoked; null if it was not.
             */
            revoked_at: string | null;
            /**
             * Format: date-time
             * @description Within a minute; null if the key was never used.
             */
            last_used_at: string | null;
            /** @description No later response shows it. */
            key: string;
        };
        System: {
            /** @description The version of the service. */
            version: string;
            /** @description The event log. */
            log: {
                /**
                 * Format: uuid
                 * @description The id of the log.
                 */
                log_id: string;
                /** @description The epoch of the log: a restore that lost events starts another. */
                epoch: string;
                /** @description The number of partitions of the log. */
                partitions: number;
                /** @description The number of events in the log. */
                events: number;
            };
            /** @description The living processes of the service. */
            processes: {
                /** @description The name of the host, the pid, and four random hex digits. */
                process_id: string;
                /** @description The version of the service. */
                version: string;
                /** @description The version of Node. */
                node: string;
                /** @description The roles of the process. */
                roles: ("api" | "projector")[];
                /**
                 * Format: date-time
                 * @description When it started.
                 */
                started_at: string;
                /** @description Seconds since the process last reported. */
                reported_seconds_ago: number;
                /** @description The memory of the process. */
                memory_bytes: number;
                /** @description Whether this process has responded. */
                is_this: boolean;
            }[];
            /** @description The server that holds the event log. */
            event_log: {
                /** @description The name and the version of the server. */
                server: string;
                /** @description The size of the database. */
                database_bytes: number;
                /** @description The connections of this process to the server. */
                connections: {
                    /** @description Open connections. */
                    open: number;
                    /** @description Open connections that wait for work. */
                    idle: number;
                    /** @description Requests that wait for a connection. */
                    waiting: number;
                    /** @description The largest number of connections. */
                    limit: number;
                };
            };
            /** @description The server that holds the read models. */
            read_models: {
                /** @description The name and the version of the server. */
                server: string;
                /** @description The memory in use. */
                used_bytes: number;
                /** @description null: no limit. */
                limit_bytes: number | null;
                /** @description The eviction policy of Redis. */
                eviction: string;
            };
            /** @description The state of each projection, by its name. */
            projection_states: {
                [key: string]: "stopped" | "unowned" | "blocked" | "live";
            };
            /** @description The configuration of this process, without secrets. */
            configuration: {
                /** @description The name of the variable. */
                name: string;
                /** @description Secrets are left out. */
                value: string;
                /** @description Whether the value is the default. */
                is_default: boolean;
            }[];
        };
        Access: {
            /** @description Whether each request needs an API key or a token. */
            required: boolean;
            /** @description The issuer at which people can sign in with OpenID Connect; null if there is none. */
            oidc: {
                /** @description The address of the issuer. */
                issuer: string;
                /** @description The client id with which people sign in. */
                client_id: string;
                /** @description The scopes to ask the issuer for. */
                scope: string;
                /** @description The audience to ask the issuer for; null: none. */
                audience: string | null;
            } | null;
        };
        Caller: {
            /** @description The actor in the events of this caller. */
            subject: string;
            /** @description The scopes of the key or token. */
            scopes: ("orders:write" | "orders:import" | "orders:read" | "orders:read:own" | "metrics:read" | "audit:read" | "admin")[];
            /**
             * @description The kind of credential of the caller.
             * @enum {unknown}
             */
            credential: "api-key" | "token" | "none";
            /**
             * Format: date-time
             * @description When the token ends.
             */
            expires_at: string | null;
        };
        Live: {
            /**
             * @description Always live.
             * @constant
             */
            status: "live";
        };
        Health: {
            /**
             * @description degraded: it serves, and `checks` says what limits it.
             * @enum {unknown}
             */
            status: "ready" | "degraded" | "not-ready";
            /** @description The state of each part, by its name. */
            checks: {
                [key: string]: string;
            };
        };
        ServiceHealth: {
            /**
             * @description broken: `checks` says which promise.
             * @enum {unknown}
             */
            status: "ok" | "broken";
            /** @description The state of each part, by its name. */
            checks: {
                [key: string]: string;
            };
        };
        ServiceDescription: {
            /** @description The name of the service. */
            service: string;
            /** @description The path of the reference. */
            documentation: string;
            /** @description The path of the OpenAPI document. */
            openapi: string;
            /** @description The endpoints, as method and path. */
            endpoints: string[];
        };
        OpenApiDocument: {
            /** @description The version of OpenAPI. */
            openapi: string;
            /** @description The title, the version and the introduction. */
            info: {
                [key: string]: unknown;
            };
            /** @description The operations by path and method. */
            paths: {
                [key: string]: unknown;
            };
        };
        ProblemTypes: {
            /** @description The address of the page that explains the problem. */
            type: string;
            /** @description The status of the response. */
            status: number;
            /** @description The title of the problem type. */
            title: string;
        }[];
        /** @description A problem (RFC 9457), without the members that only a single request has. */
        LineProblem: {
            /**
             * @description The address of the page that explains the problem.
             * @enum {unknown}
             */
            type: "/problems/malformed-json" | "/problems/invalid-header" | "/problems/malformed-request" | "/problems/unauthenticated" | "/problems/insufficient-scope" | "/problems/not-found" | "/problems/order-not-found" | "/problems/webhook-not-found" | "/problems/too-many-webhooks" | "/problems/foreign-request" | "/problems/projection-not-found" | "/problems/rebuild-not-found" | "/problems/run-not-found" | "/problems/not-stopped" | "/problems/key-not-found" | "/problems/no-signing-key" | "/problems/order-version-not-found" | "/problems/method-not-allowed" | "/problems/position-lost" | "/problems/not-acceptable" | "/problems/request-timeout" | "/problems/order-exists" | "/problems/invalid-transition" | "/problems/order-on-hold" | "/problems/exceeds-amount-due" | "/problems/exceeds-refundable-amount" | "/problems/exceeds-creditable-amount" | "/problems/amended-below-credited" | "/problems/wrong-cancelled-amount" | "/problems/exceeds-ordered-quantity" | "/problems/exceeds-units-in-transit" | "/problems/exceeds-shipped-quantity" | "/problems/shipment-not-found" | "/problems/person-erased" | "/problems/order-history-full" | "/problems/version-mismatch" | "/problems/body-too-large" | "/problems/results-not-read" | "/problems/unsupported-media-type" | "/problems/headers-too-large" | "/problems/validation" | "/problems/idempotency-key-reused" | "/problems/invalid-cursor" | "/problems/too-many-buckets" | "/problems/rate-limited" | "/problems/token-issuer-unavailable" | "/problems/overloaded" | "/problems/contended" | "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/clock-behind" | "/problems/read-models-unavailable" | "/problems/position-not-reached" | "/problems/unreadable-event" | "/problems/internal-error";
            /** @description The title of the problem type. */
            title: string;
            /** @description The status of the response. */
            status: number;
            /** @description A sentence about this case. */
            detail: string;
            /** @description The invalid fields. */
            errors?: {
                /** @description The JSON pointer (RFC 6901) of the field. */
                pointer: string;
                /** @description The rule that the field breaks. */
                message: string;
            }[];
            /**
             * @description The status of the order.
             * @enum {unknown}
             */
            current_status?: "pending" | "processing" | "partially_shipped" | "shipped" | "delivered" | "cancelled" | "partially_returned" | "returned";
            /** @description The version of the order. */
            current_version?: number;
            /** @description Whether the order is on hold: it is then neither processed nor shipped. */
            on_hold?: boolean;
            /** @description The commands that the order accepts now. */
            allowed_commands?: string[];
            /** @description The scopes of which the caller needs one. */
            required_scopes?: ("orders:write" | "orders:import" | "orders:read" | "orders:read:own" | "metrics:read" | "audit:read" | "admin")[];
            /** @description Whether the command may have been done. Present in every 503 to a command, and in `unreadable-event`. */
            may_have_been_done?: boolean;
        };
        /** @description A problem (RFC 9457). */
        Problem: components["schemas"]["LineProblem"] & {
            /** @description The path of the request. */
            instance: string;
            /** @description The id of the request: X-Request-Id. */
            request_id: string;
        };
        PlaceBody: {
            /** @description The customer, by the id that the shop uses. */
            user_id: string;
            /** @description Each occurrence of an id is a quantity of one. */
            item_ids?: string[];
            /** @description The lines. An item may have several. A line_id is given for all of them or for none. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
                /** @description In major units, with at most 6 decimals. The price of the whole line has at most the decimals of the currency. */
                unit_price?: number | string;
                /** @description By default the number of the line, from 1. */
                line_id?: string;
            }[];
            /** @description Money that belongs to no unit. */
            adjustments?: {
                /**
                 * @description The kind of the adjustment.
                 * @enum {string}
                 */
                type: "shipping" | "tax" | "discount" | "fee" | "tip" | "other";
                /** @description In major units. A discount is negative, `other` may be either, the rest is not negative. */
                amount: number | string;
                /** @description A text to show beside the amount. */
                description?: string;
            }[];
            /** @description The sum of lines and adjustments. It may be left out if all lines have a unit_price. */
            total_amount?: number | string;
            /** @description The shop’s own number of the order. It need not be unique. */
            reference?: string;
            /** @description The id of the order, a UUID. */
            order_id?: string;
            /**
             * @description An ISO 4217 code. Withdrawn currencies are accepted too.
             * @enum {string}
             */
            currency?: "ADP" | "AED" | "AFA" | "AFN" | "ALK" | "ALL" | "AMD" | "ANG" | "AOA" | "AOK" | "AON" | "AOR" | "ARA" | "ARP" | "ARS" | "ARY" | "ATS" | "AUD" | "AWG" | "AYM" | "AZM" | "AZN" | "BAD" | "BAM" | "BBD" | "BDT" | "BEC" | "BEF" | "BEL" | "BGJ" | "BGK" | "BGL" | "BGN" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BOP" | "BOV" | "BRB" | "BRC" | "BRE" | "BRL" | "BRN" | "BRR" | "BSD" | "BTN" | "BUK" | "BWP" | "BYB" | "BYN" | "BYR" | "BZD" | "CAD" | "CDF" | "CHC" | "CHE" | "CHF" | "CHW" | "CLF" | "CLP" | "CNX" | "CNY" | "COP" | "COU" | "CRC" | "CSD" | "CSJ" | "CSK" | "CUC" | "CUP" | "CVE" | "CYP" | "CZK" | "DDM" | "DEM" | "DJF" | "DKK" | "DOP" | "DZD" | "ECS" | "ECV" | "EEK" | "EGP" | "EQE" | "ERN" | "ESA" | "ESB" | "ESP" | "ETB" | "EUR" | "FIM" | "FJD" | "FKP" | "FRF" | "GBP" | "GEK" | "GEL" | "GHC" | "GHP" | "GHS" | "GIP" | "GMD" | "GNE" | "GNF" | "GNS" | "GQE" | "GRD" | "GTQ" | "GWE" | "GWP" | "GYD" | "HKD" | "HNL" | "HRD" | "HRK" | "HTG" | "HUF" | "IDR" | "IEP" | "ILP" | "ILR" | "ILS" | "INR" | "IQD" | "IRR" | "ISJ" | "ISK" | "ITL" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAJ" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LSM" | "LTL" | "LTT" | "LUC" | "LUF" | "LUL" | "LVL" | "LVR" | "LYD" | "MAD" | "MAF" | "MDL" | "MGA" | "MGF" | "MKD" | "MLF" | "MMK" | "MNT" | "MOP" | "MRO" | "MRU" | "MTL" | "MTP" | "MUR" | "MVQ" | "MVR" | "MWK" | "MXN" | "MXP" | "MXV" | "MYR" | "MZE" | "MZM" | "MZN" | "NAD" | "NGN" | "NIC" | "NIO" | "NLG" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEH" | "PEI" | "PEN" | "PES" | "PGK" | "PHP" | "PKR" | "PLN" | "PLZ" | "PTE" | "PYG" | "QAR" | "RHD" | "ROK" | "ROL" | "RON" | "RSD" | "RUB" | "RUR" | "RWF" | "SAR" | "SBD" | "SCR" | "SDD" | "SDG" | "SDP" | "SEK" | "SGD" | "SHP" | "SIT" | "SKK" | "SLE" | "SLL" | "SOS" | "SRD" | "SRG" | "SSP" | "STD" | "STN" | "SUR" | "SVC" | "SYP" | "SZL" | "THB" | "TJR" | "TJS" | "TMM" | "TMT" | "TND" | "TOP" | "TPE" | "TRL" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UAK" | "UGS" | "UGW" | "UGX" | "USD" | "USN" | "USS" | "UYI" | "UYN" | "UYP" | "UYU" | "UYW" | "UZS" | "VEB" | "VED" | "VEF" | "VES" | "VNC" | "VND" | "VUV" | "WST" | "XAD" | "XAF" | "XCD" | "XCG" | "XEU" | "XOF" | "XPF" | "YDD" | "YER" | "YUD" | "YUM" | "YUN" | "ZAL" | "ZAR" | "ZMK" | "ZMW" | "ZRN" | "ZRZ" | "ZWC" | "ZWD" | "ZWG" | "ZWL" | "ZWN" | "ZWR";
            /** @description Key-value pairs that the shop keeps with the order. */
            metadata?: {
                [key: string]: string;
            };
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now.
             */
            occurred_at?: string;
        } & (unknown | unknown);
        AmendBody: {
            /** @description Each occurrence of an id is a quantity of one. */
            item_ids?: string[];
            /** @description The lines. An item may have several. A line_id is given for all of them or for none. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
                /** @description In major units, with at most 6 decimals. The price of the whole line has at most the decimals of the currency. */
                unit_price?: number | string;
                /** @description By default the number of the line, from 1. */
                line_id?: string;
            }[];
            /** @description Money that belongs to no unit. */
            adjustments?: {
                /**
                 * @description The kind of the adjustment.
                 * @enum {string}
                 */
                type: "shipping" | "tax" | "discount" | "fee" | "tip" | "other";
                /** @description In major units. A discount is negative, `other` may be either, the rest is not negative. */
                amount: number | string;
                /** @description A text to show beside the amount. */
                description?: string;
            }[];
            /** @description The sum of lines and adjustments. It may be left out if all lines have a unit_price. */
            total_amount?: number | string;
            /** @description The shop’s own number of the order. It need not be unique. */
            reference?: string;
            /** @description Key-value pairs that the shop keeps with the order. */
            metadata?: {
                [key: string]: string;
            };
            /** @description Required if lines or money change. */
            reason?: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        PayBody: {
            /** @description In major units. By default what is due. */
            amount?: number | string;
            /** @description The payment’s number at the bank or the payment provider. */
            payment_reference?: string;
            /** @description The money has arrived: it is recorded even if less or nothing is due. */
            already_received?: boolean;
            /** @description A further payment, although it equals an earlier one with this payment_reference. */
            another?: boolean;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        ProcessBody: {
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        ShipBody: {
            /** @description Units of a line by its line_id, or of all lines of an item in their order by its item_id. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id?: string;
                /** @description The line of the order. */
                line_id?: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /** @description The carrier of the shipment. */
            carrier?: string;
            /** @description The carrier’s number of the shipment. It is sealed as personal data. */
            tracking_number?: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        TrackBody: {
            /** @description A shipment_id of the order. */
            shipment_id: string;
            /** @description The carrier of the shipment. */
            carrier?: string;
            /** @description The carrier’s number of the shipment. It is sealed as personal data. */
            tracking_number?: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        } | unknown | unknown;
        DeliverBody: {
            /** @description Units of a line by its line_id, or of all lines of an item in their order by its item_id. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id?: string;
                /** @description The line of the order. */
                line_id?: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /** @description A shipment_id of the order. */
            shipment_id?: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        CancelBody: {
            /** @description Units of a line by its line_id, or of all lines of an item in their order by its item_id. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id?: string;
                /** @description The line of the order. */
                line_id?: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /** @description The amount that comes off the total. By default the price of the units. */
            amount?: number | string;
            /** @description Why it was done, for the audit trail. */
            reason: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        RefundBody: {
            /** @description In major units. By default the surplus, or else all that was paid. */
            amount?: number | string;
            /** @description Sets the default amount to the price of these units. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id?: string;
                /** @description The line of the order. */
                line_id?: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /** @description The refunded amount is to be paid again, for example after a chargeback. */
            payable_again?: boolean;
            /** @description Why it was done, for the audit trail. */
            reason: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        CreditBody: {
            /** @description In major units. By default what is due. */
            amount?: number | string;
            /** @description Why it was done, for the audit trail. */
            reason: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        ReturnBody: {
            /** @description Units of a line by its line_id, or of all lines of an item in their order by its item_id. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id?: string;
                /** @description The line of the order. */
                line_id?: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /**
             * @description By default delivered units come first, then units in transit.
             * @enum {string}
             */
            from?: "delivered" | "transit";
            /** @description A shipment_id of the order. */
            shipment_id?: string;
            /** @description The units are to be shipped once more and do not count as returned. */
            ship_again?: boolean;
            /** @description Why it was done, for the audit trail. */
            reason: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        HoldBody: {
            /** @description Why it was done, for the audit trail. */
            reason: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        ReleaseBody: {
            /** @description Why it was done, for the audit trail. */
            reason: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        NoteBody: {
            /** @description The text of the note. It is sealed as personal data. */
            text: string;
            /**
             * Format: date-time
             * @description When it happened, for imports; needs the scope orders:import. By default now, or when the order was placed if that is later.
             */
            occurred_at?: string;
        };
        WebhookBody: {
            /** @description The URL to which events are sent. */
            url: string;
            /** @description Without it, events of all types are delivered. */
            event_types?: ("OrderPlaced" | "OrderAmended" | "OrderPaid" | "OrderProcessingStarted" | "OrderShipped" | "OrderShipmentTracked" | "OrderDelivered" | "OrderCancelled" | "OrderRefunded" | "OrderCredited" | "OrderReturned" | "OrderHeld" | "OrderReleased" | "OrderNoteAdded" | "OrderPersonErased")[];
        };
        WebhookStateBody: {
            /**
             * @description paused: nothing is sent. active: deliveries continue where they were, so that no event is lost.
             * @enum {string}
             */
            state: "active" | "paused";
        };
        ReplayDeadLettersBody: {
            /** @description The Event-Position of the event. Absent: all dead letters. */
            event?: string;
        };
        SkipEventBody: {
            /** @description The partition of the log, from 0. */
            partition: number;
            /** @description The position in its partition of the log, from 1. */
            position: number;
            /** @description The log records it for the audit trail. */
            reason: string;
        };
        VerificationBody: {
            /** @description The JWS of a signed checkpoint that the log must still hold: `jws` of GET /audit/checkpoint. */
            against?: string;
        };
        CreateKeyBody: {
            /** @description The owner or the use of the key. */
            name: string;
            /** @description The actor in its events. By default key: and the id of the key. */
            subject?: string;
            /** @description The scopes of the key or token. */
            scopes: ("orders:write" | "orders:import" | "orders:read" | "orders:read:own" | "metrics:read" | "audit:read" | "admin")[];
            /**
             * Format: date-time
             * @description When the key stops working. By default never.
             */
            expires_at?: string;
        };
        BatchCommand: {
            /** @description The command: `place`, `pay`, `ship` and so on. */
            command: string;
            /** @description The id of the order, a UUID. */
            order_id?: string;
            /** @description The Idempotency-Key of the command. */
            idempotency_key?: string;
        } & {
            [key: string]: unknown;
        };
        OrderPlacedData: {
            /** @description The customer. Sealed. */
            user_id: string;
            /** @description ISO 4217. */
            currency: string;
            /** @description The total, with all lines and adjustments. */
            total_minor: number;
            /** @description The lines of the order, or the units that the command or the event concerns. */
            items: {
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
                /** @description Null if the line has no price, or if its price is in `unit_price_micro`. */
                unit_price_minor: number | null;
                /** @description Millionths of the major unit: the price of a line whose price is not whole in minor units. */
                unit_price_micro?: number;
                /** @description Absent if it is the number of the line, from "1". */
                line_id?: string;
            }[];
            /** @description The key-value pairs of the order. Sealed. */
            metadata: {
                [key: string]: string;
            };
            /** @description The shop’s own number of the order. */
            reference?: string;
            /** @description Money that belongs to no unit, such as shipping and discounts. */
            adjustments?: {
                /**
                 * @description The kind of the adjustment.
                 * @enum {unknown}
                 */
                type: "shipping" | "tax" | "discount" | "fee" | "tip" | "other";
                /** @description Negative for a discount. */
                amount_minor: number;
                /** @description A text to show beside the amount. */
                description?: string;
            }[];
        };
        OrderAmendedData: {
            /** @description Absent if the money stays as it is. Otherwise all earlier cancellations are reset. */
            total_minor?: number;
            /** @description All lines. Absent if the lines stay as they are. */
            items?: {
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
                /** @description Null if the line has no price, or if its price is in `unit_price_micro`. */
                unit_price_minor: number | null;
                /** @description Millionths of the major unit: the price of a line whose price is not whole in minor units. */
                unit_price_micro?: number;
                /** @description Absent if it is the number of the line, from "1". */
                line_id?: string;
            }[];
            /** @description All adjustments. Without them, but with `total_minor`, the order has none. */
            adjustments?: {
                /**
                 * @description The kind of the adjustment.
                 * @enum {unknown}
                 */
                type: "shipping" | "tax" | "discount" | "fee" | "tip" | "other";
                /** @description Negative for a discount. */
                amount_minor: number;
                /** @description A text to show beside the amount. */
                description?: string;
            }[];
            /** @description The shop’s own number of the order. */
            reference?: string;
            /** @description The key-value pairs of the order. Sealed. */
            metadata?: {
                [key: string]: string;
            };
            /** @description The reason that the caller gave. */
            reason: string | null;
        } | {
            /** @description The total of the order in minor units, such as cents. */
            total_minor: number;
            /** @description All lines. */
            items: {
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
                /** @description Null if the line has no price, or if its price is in `unit_price_micro`. */
                unit_price_minor: number | null;
                /** @description Millionths of the major unit: the price of a line whose price is not whole in minor units. */
                unit_price_micro?: number;
                /** @description Absent if it is the number of the line, from "1". */
                line_id?: string;
            }[];
            /** @description The reason that the caller gave. */
            reason: string | null;
        };
        OrderPaidData: {
            /** @description The amount in minor units, such as cents. */
            amount_minor: number;
            /** @description The number of the payment at its provider. */
            payment_reference: string | null;
            /**
             * @description The money had already arrived, so it was recorded even if less was due.
             * @constant
             */
            already_received?: true;
        };
        OrderProcessingStartedData: Record<string, never>;
        OrderShippedData: {
            /** @description The lines of the order, or the units that the command or the event concerns. */
            items: {
                /** @description Absent in schema version 1: an item has only one line there. */
                line_id?: string;
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /** @description The carrier of the shipment; null if it is not known. */
            carrier: string | null;
            /** @description Sealed. */
            tracking_number: string | null;
            /** @description "1", "2", … Null in schema version 1: the order’s n-th OrderShipped is its shipment n there. */
            shipment_id: string | null;
        } | {
            /** @description The lines of the order, or the units that the command or the event concerns. */
            items: {
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /** @description The carrier of the shipment; null if it is not known. */
            carrier: string | null;
            /** @description Sealed. */
            tracking_number: string | null;
        };
        OrderShipmentTrackedData: {
            /** @description The shipment, numbered from 1 within its order. */
            shipment_id: string;
            /** @description Null: it stays as it is. */
            carrier: string | null;
            /** @description Null: it stays as it is. Sealed. */
            tracking_number: string | null;
        };
        OrderDeliveredData: {
            /** @description Null: everything in transit. */
            items: {
                /** @description Absent in schema version 1: an item has only one line there. */
                line_id?: string;
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
            }[] | null;
            /** @description The shipment that the units belong to. Null: they belong to the oldest shipments. */
            shipment_id: string | null;
        } | Record<string, never>;
        OrderCancelledData: {
            /** @description Null: all units that have not shipped. */
            items: {
                /** @description Absent in schema version 1: an item has only one line there. */
                line_id?: string;
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
            }[] | null;
            /** @description The amount that came off the total. Null in schema version 1: all that the order was worth. */
            amount_minor: number | null;
            /** @description The reason that the caller gave. */
            reason: string;
        } | {
            /** @description The reason that the caller gave. */
            reason: string;
        };
        OrderRefundedData: {
            /** @description The amount in minor units, such as cents. */
            amount_minor: number;
            /** @description The part of the refund that lowered what the order is worth. */
            credited_minor: number;
            /** @description The reason that the caller gave. */
            reason: string;
        } | {
            /** @description The amount in minor units, such as cents. */
            amount_minor: number;
            /** @description The reason that the caller gave. */
            reason: string;
        };
        OrderCreditedData: {
            /** @description The amount in minor units, such as cents. */
            amount_minor: number;
            /** @description The reason that the caller gave. */
            reason: string;
        };
        OrderReturnedData: {
            /** @description The lines of the order, or the units that the command or the event concerns. */
            items: {
                /** @description Absent in schema version 1: an item has only one line there. */
                line_id?: string;
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
                /** @description How many of these units had not been delivered. Absent if there are none. */
                in_transit?: number;
            }[];
            /** @description The shipment that the units belong to. Null: they belong to the oldest shipments. */
            shipment_id: string | null;
            /**
             * @description The units are to be shipped once more and do not count as returned.
             * @constant
             */
            ship_again?: true;
            /**
             * @description Set only when an event of schema version 1 is converted. That version does not say which units had been delivered, and no delivery could follow it: the units that did not come back count as delivered.
             * @constant
             */
            rest_arrived?: true;
            /** @description The reason that the caller gave. */
            reason: string;
        } | {
            /** @description The lines of the order, or the units that the command or the event concerns. */
            items: {
                /** @description The item, by the id that the shop uses. */
                item_id: string;
                /** @description A number of units. */
                quantity: number;
            }[];
            /** @description The reason that the caller gave. */
            reason: string;
        };
        OrderHeldData: {
            /** @description The reason that the caller gave. */
            reason: string;
        };
        OrderReleasedData: {
            /** @description The reason that the caller gave. */
            reason: string;
        };
        OrderNoteAddedData: {
            /** @description Sealed. */
            text: string;
        };
        OrderPersonErasedData: Record<string, never>;
        WebhookMessage: {
            /** @description The type of the event. */
            type: string;
            /**
             * Format: date-time
             * @description The time at which the event was recorded.
             */
            timestamp: string;
            data: components["schemas"]["Change"];
        };
    };
    responses: {
        /** @description The request comes from another web site (`/problems/foreign-request`). The key or token lacks a scope (`/problems/insufficient-scope`). */
        Problem403: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/foreign-request" | "/problems/insufficient-scope";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). */
        Problem404: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found";
                };
            };
        };
        /** @description A header is not valid (`/problems/invalid-header`). The request is malformed (`/problems/malformed-request`). */
        Problem400: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/invalid-header" | "/problems/malformed-request";
                };
            };
        };
        /** @description The method is not allowed (`/problems/method-not-allowed`). */
        Problem405: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/method-not-allowed";
                };
            };
        };
        /** @description The headers are too large (`/problems/headers-too-large`). */
        Problem431: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/headers-too-large";
                };
            };
        };
        /** @description An unexpected error occurred (`/problems/internal-error`). */
        Problem500: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/internal-error";
                };
            };
        };
        /** @description Authentication is required (`/problems/unauthenticated`). */
        Problem401: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/unauthenticated";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The event log went back (`/problems/log-went-back`). The service is overloaded (`/problems/overloaded`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/overloaded" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description Too many requests (`/problems/rate-limited`). */
        Problem429: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/rate-limited";
                };
            };
        };
        /** @description The media type is not supported (`/problems/unsupported-media-type`). */
        Problem415: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/unsupported-media-type";
                };
            };
        };
        /** @description The results of the batch are not being read (`/problems/results-not-read`). */
        Problem413: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/results-not-read";
                };
            };
        };
        /** @description The request is not valid (`/problems/validation`). */
        Problem422: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/validation";
                };
            };
        };
        /** @description A header is not valid (`/problems/invalid-header`). The body is not valid JSON (`/problems/malformed-json`). The request is malformed (`/problems/malformed-request`). */
        Problem400B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/invalid-header" | "/problems/malformed-json" | "/problems/malformed-request";
                };
            };
        };
        /** @description An unexpected error occurred (`/problems/internal-error`). An event of the order cannot be read (`/problems/unreadable-event`). */
        Problem500B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/internal-error" | "/problems/unreadable-event";
                };
            };
        };
        /** @description The clock of the database is behind (`/problems/clock-behind`). Too many commands on this order at once (`/problems/contended`). The event log is unavailable (`/problems/event-log-unavailable`). The event log went back (`/problems/log-went-back`). The service is overloaded (`/problems/overloaded`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503B: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/clock-behind" | "/problems/contended" | "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/overloaded" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description The request did not arrive in time (`/problems/request-timeout`). */
        Problem408: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/request-timeout";
                };
            };
        };
        /** @description The body is too large (`/problems/body-too-large`). */
        Problem413B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/body-too-large";
                };
            };
        };
        /** @description This Idempotency-Key was used for another request (`/problems/idempotency-key-reused`). The request is not valid (`/problems/validation`). */
        Problem422B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/idempotency-key-reused" | "/problems/validation";
                };
            };
        };
        /** @description The version in If-Match is not the current one (`/problems/version-mismatch`). */
        Problem412: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/version-mismatch";
                };
            };
        };
        /** @description An order with this id already exists (`/problems/order-exists`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). */
        Problem409: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/order-exists" | "/problems/order-history-full" | "/problems/person-erased";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Order not found (`/problems/order-not-found`). */
        Problem404B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/order-not-found";
                };
            };
        };
        /** @description The new total is below the amount credited (`/problems/amended-below-credited`). The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). */
        Problem409B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/amended-below-credited" | "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/person-erased";
                };
            };
        };
        /** @description The payment exceeds the amount due (`/problems/exceeds-amount-due`). The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). */
        Problem409C: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/exceeds-amount-due" | "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/person-erased";
                };
            };
        };
        /** @description The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The order is on hold (`/problems/order-on-hold`). The person of this order was erased (`/problems/person-erased`). */
        Problem409D: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/order-on-hold" | "/problems/person-erased";
                };
            };
        };
        /** @description The items exceed the quantity of the order (`/problems/exceeds-ordered-quantity`). The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The order is on hold (`/problems/order-on-hold`). The person of this order was erased (`/problems/person-erased`). */
        Problem409E: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/exceeds-ordered-quantity" | "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/order-on-hold" | "/problems/person-erased";
                };
            };
        };
        /** @description The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). The order has no such shipment (`/problems/shipment-not-found`). */
        Problem409F: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/order-history-full" | "/problems/person-erased" | "/problems/shipment-not-found";
                };
            };
        };
        /** @description The delivery exceeds the units in transit (`/problems/exceeds-units-in-transit`). The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). The order has no such shipment (`/problems/shipment-not-found`). */
        Problem409G: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/exceeds-units-in-transit" | "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/person-erased" | "/problems/shipment-not-found";
                };
            };
        };
        /** @description The items exceed the quantity of the order (`/problems/exceeds-ordered-quantity`). The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). The amount does not fit the cancellation (`/problems/wrong-cancelled-amount`). */
        Problem409H: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/exceeds-ordered-quantity" | "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/person-erased" | "/problems/wrong-cancelled-amount";
                };
            };
        };
        /** @description The items exceed the quantity of the order (`/problems/exceeds-ordered-quantity`). The refund exceeds the refundable amount (`/problems/exceeds-refundable-amount`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). */
        Problem409I: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/exceeds-ordered-quantity" | "/problems/exceeds-refundable-amount" | "/problems/order-history-full" | "/problems/person-erased";
                };
            };
        };
        /** @description The credit exceeds the amount due (`/problems/exceeds-creditable-amount`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). */
        Problem409J: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/exceeds-creditable-amount" | "/problems/order-history-full" | "/problems/person-erased";
                };
            };
        };
        /** @description The return exceeds the quantity shipped (`/problems/exceeds-shipped-quantity`). The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). The order has no such shipment (`/problems/shipment-not-found`). */
        Problem409K: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/exceeds-shipped-quantity" | "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/person-erased" | "/problems/shipment-not-found";
                };
            };
        };
        /** @description The order does not accept this command now (`/problems/invalid-transition`). The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). */
        Problem409L: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/invalid-transition" | "/problems/order-history-full" | "/problems/person-erased";
                };
            };
        };
        /** @description The order has reached its limit of events or of shipped items (`/problems/order-history-full`). The person of this order was erased (`/problems/person-erased`). */
        Problem409M: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/order-history-full" | "/problems/person-erased";
                };
            };
        };
        /** @description The request comes from another web site (`/problems/foreign-request`). The key or token lacks a scope (`/problems/insufficient-scope`). */
        Problem403B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/foreign-request" | "/problems/insufficient-scope";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). */
        Problem404C: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found";
                };
            };
        };
        /** @description A header is not valid (`/problems/invalid-header`). The request is malformed (`/problems/malformed-request`). */
        Problem400C: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/invalid-header" | "/problems/malformed-request";
                };
            };
        };
        /** @description The method is not allowed (`/problems/method-not-allowed`). */
        Problem405B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/method-not-allowed";
                };
            };
        };
        /** @description The headers are too large (`/problems/headers-too-large`). */
        Problem431B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/headers-too-large";
                };
            };
        };
        /** @description An unexpected error occurred (`/problems/internal-error`). */
        Problem500C: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/internal-error";
                };
            };
        };
        /** @description Authentication is required (`/problems/unauthenticated`). */
        Problem401B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/unauthenticated";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The event log went back (`/problems/log-went-back`). The service is overloaded (`/problems/overloaded`). The read models have not reached the position (`/problems/position-not-reached`). The read models are unavailable (`/problems/read-models-unavailable`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503C: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/overloaded" | "/problems/position-not-reached" | "/problems/read-models-unavailable" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description Too many requests (`/problems/rate-limited`). */
        Problem429B: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/rate-limited";
                };
            };
        };
        /** @description The cursor does not belong to this query (`/problems/invalid-cursor`). The request is not valid (`/problems/validation`). */
        Problem422C: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/invalid-cursor" | "/problems/validation";
                };
            };
        };
        /** @description No acceptable media type (`/problems/not-acceptable`). */
        Problem406: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-acceptable";
                };
            };
        };
        /** @description The position is lost (`/problems/position-lost`). */
        Problem410: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/position-lost";
                };
            };
        };
        /** @description The series would have too many buckets (`/problems/too-many-buckets`). The request is not valid (`/problems/validation`). */
        Problem422D: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/too-many-buckets" | "/problems/validation";
                };
            };
        };
        /** @description The request is malformed (`/problems/malformed-request`). */
        Problem400D: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/malformed-request";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The event log went back (`/problems/log-went-back`). The service is overloaded (`/problems/overloaded`). The read models are unavailable (`/problems/read-models-unavailable`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503D: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/overloaded" | "/problems/read-models-unavailable" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description The request is not valid (`/problems/validation`). */
        Problem422E: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/validation";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Order not found (`/problems/order-not-found`). Order version not found (`/problems/order-version-not-found`). */
        Problem404D: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/order-not-found" | "/problems/order-version-not-found";
                };
            };
        };
        /** @description An unexpected error occurred (`/problems/internal-error`). An event of the order cannot be read (`/problems/unreadable-event`). */
        Problem500D: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/internal-error" | "/problems/unreadable-event";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Order not found (`/problems/order-not-found`). */
        Problem404E: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/order-not-found";
                };
            };
        };
        /** @description No signing key is configured (`/problems/no-signing-key`). */
        Problem501: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/no-signing-key";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The service is overloaded (`/problems/overloaded`). The read models are unavailable (`/problems/read-models-unavailable`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503E: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/overloaded" | "/problems/read-models-unavailable" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description The request is malformed (`/problems/malformed-request`). */
        Problem400E: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/malformed-request";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The service is overloaded (`/problems/overloaded`). The read models are unavailable (`/problems/read-models-unavailable`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503F: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/overloaded" | "/problems/read-models-unavailable" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Projection not found (`/problems/projection-not-found`). */
        Problem404F: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/projection-not-found";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Projection not found (`/problems/projection-not-found`). No rebuild is in progress (`/problems/rebuild-not-found`). */
        Problem404G: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/projection-not-found" | "/problems/rebuild-not-found";
                };
            };
        };
        /** @description The body is not valid JSON (`/problems/malformed-json`). The request is malformed (`/problems/malformed-request`). */
        Problem400F: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/malformed-json" | "/problems/malformed-request";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The service is overloaded (`/problems/overloaded`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503G: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/overloaded" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description The limit of webhooks is reached (`/problems/too-many-webhooks`). */
        Problem409N: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/too-many-webhooks";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The service is overloaded (`/problems/overloaded`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503H: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/overloaded" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Webhook not found (`/problems/webhook-not-found`). */
        Problem404H: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/webhook-not-found";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Webhook not found (`/problems/webhook-not-found`). */
        Problem404I: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/webhook-not-found";
                };
            };
        };
        /** @description The position is lost (`/problems/position-lost`). */
        Problem410B: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/position-lost";
                };
            };
        };
        /** @description The clock of the database is behind (`/problems/clock-behind`). The event log is unavailable (`/problems/event-log-unavailable`). The event log went back (`/problems/log-went-back`). The service is overloaded (`/problems/overloaded`). The read models are unavailable (`/problems/read-models-unavailable`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503I: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/clock-behind" | "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/overloaded" | "/problems/read-models-unavailable" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description The projection has not stopped there (`/problems/not-stopped`). */
        Problem409O: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-stopped";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Projection not found (`/problems/projection-not-found`). */
        Problem404J: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/projection-not-found";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). Projection not found (`/problems/projection-not-found`). The run is not in progress (`/problems/run-not-found`). */
        Problem404K: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/projection-not-found" | "/problems/run-not-found";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The event log went back (`/problems/log-went-back`). The service is overloaded (`/problems/overloaded`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503J: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/overloaded" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The event log went back (`/problems/log-went-back`). The service is overloaded (`/problems/overloaded`). The read models are unavailable (`/problems/read-models-unavailable`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503K: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/log-went-back" | "/problems/overloaded" | "/problems/read-models-unavailable" | "/problems/token-issuer-unavailable";
                };
            };
        };
        /** @description Path not found (`/problems/not-found`). The run is not in progress (`/problems/run-not-found`). */
        Problem404L: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/not-found" | "/problems/run-not-found";
                };
            };
        };
        /** @description API key not found (`/problems/key-not-found`). Path not found (`/problems/not-found`). */
        Problem404M: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/key-not-found" | "/problems/not-found";
                };
            };
        };
        /** @description The request comes from another web site (`/problems/foreign-request`). */
        Problem403C: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/foreign-request";
                };
            };
        };
        /** @description The service is overloaded (`/problems/overloaded`). */
        Problem503L: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/overloaded";
                };
            };
        };
        /** @description The event log is unavailable (`/problems/event-log-unavailable`). The token cannot be verified now (`/problems/token-issuer-unavailable`). */
        Problem503M: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /**
                     * @description The address of the page that explains the problem.
                     * @enum {unknown}
                     */
                    type?: "/problems/event-log-unavailable" | "/problems/token-issuer-unavailable";
                };
            };
        };
    };
    parameters: {
        /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
        "Idempotency-Key": string;
        /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
        "If-Match": string;
        /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
        Prefer: string;
        /** @description An Event-Position that the response must include. The service waits for it up to 5 seconds. A position that was lost in a restore leads to a 410. */
        "Min-Event-Position": string;
        /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
        "If-None-Match": string;
        /** @description The id of the last message received. The stream continues right after it. */
        "Last-Event-ID": string;
    };
    requestBodies: never;
    headers: {
        /** @description For an order: its version. */
        ETag: string;
        /** @description The position of the command’s event in the log: partition:position. After a loss of events, the epoch of the log follows: 5:120@2-9f3a01bc. */
        "Event-Position": string;
        /** @description true: the command was handled before, and this is its first response. */
        "Idempotency-Replayed": "true";
        /** @description The preference that was applied. */
        "Preference-Applied": string;
        /** @description The path of the result. */
        Location: string;
        /** @description With CSV: a file name. */
        "Content-Disposition": string;
        /** @description The URL of the next page, with rel="next". Absent on the last page. */
        Link: string;
        /** @description The id of the request: the one that the client sent, if it is valid. */
        "X-Request-Id": string;
        /** @description Seconds to wait before the next attempt. */
        "Retry-After": number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    runBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description One JSON object per line. */
        requestBody: {
            content: {
                "application/x-ndjson": components["schemas"]["BatchCommand"];
            };
        };
        responses: {
            /** @description One line per command, in the same order */
            200: {
                headers: {
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "line": 1,
                     *       "status": 201,
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "version": 2,
                     *       "replayed": true
                     *     }
                     */
                    "application/x-ndjson": components["schemas"]["BatchLine"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            405: components["responses"]["Problem405"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description The customer, by the id that the shop uses. */
                user_id?: string;
                /** @description The shop’s own number of the order. */
                reference?: string;
                /** @description One of these. */
                status?: ("pending" | "processing" | "partially_shipped" | "shipped" | "delivered" | "cancelled" | "partially_returned" | "returned")[];
                /** @description One of these. */
                payment_status?: ("unpaid" | "partially_paid" | "paid" | "partially_refunded" | "refunded")[];
                /** @description An ISO 4217 code. Withdrawn currencies are accepted too. */
                currency?: "ADP" | "AED" | "AFA" | "AFN" | "ALK" | "ALL" | "AMD" | "ANG" | "AOA" | "AOK" | "AON" | "AOR" | "ARA" | "ARP" | "ARS" | "ARY" | "ATS" | "AUD" | "AWG" | "AYM" | "AZM" | "AZN" | "BAD" | "BAM" | "BBD" | "BDT" | "BEC" | "BEF" | "BEL" | "BGJ" | "BGK" | "BGL" | "BGN" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BOP" | "BOV" | "BRB" | "BRC" | "BRE" | "BRL" | "BRN" | "BRR" | "BSD" | "BTN" | "BUK" | "BWP" | "BYB" | "BYN" | "BYR" | "BZD" | "CAD" | "CDF" | "CHC" | "CHE" | "CHF" | "CHW" | "CLF" | "CLP" | "CNX" | "CNY" | "COP" | "COU" | "CRC" | "CSD" | "CSJ" | "CSK" | "CUC" | "CUP" | "CVE" | "CYP" | "CZK" | "DDM" | "DEM" | "DJF" | "DKK" | "DOP" | "DZD" | "ECS" | "ECV" | "EEK" | "EGP" | "EQE" | "ERN" | "ESA" | "ESB" | "ESP" | "ETB" | "EUR" | "FIM" | "FJD" | "FKP" | "FRF" | "GBP" | "GEK" | "GEL" | "GHC" | "GHP" | "GHS" | "GIP" | "GMD" | "GNE" | "GNF" | "GNS" | "GQE" | "GRD" | "GTQ" | "GWE" | "GWP" | "GYD" | "HKD" | "HNL" | "HRD" | "HRK" | "HTG" | "HUF" | "IDR" | "IEP" | "ILP" | "ILR" | "ILS" | "INR" | "IQD" | "IRR" | "ISJ" | "ISK" | "ITL" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAJ" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LSM" | "LTL" | "LTT" | "LUC" | "LUF" | "LUL" | "LVL" | "LVR" | "LYD" | "MAD" | "MAF" | "MDL" | "MGA" | "MGF" | "MKD" | "MLF" | "MMK" | "MNT" | "MOP" | "MRO" | "MRU" | "MTL" | "MTP" | "MUR" | "MVQ" | "MVR" | "MWK" | "MXN" | "MXP" | "MXV" | "MYR" | "MZE" | "MZM" | "MZN" | "NAD" | "NGN" | "NIC" | "NIO" | "NLG" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEH" | "PEI" | "PEN" | "PES" | "PGK" | "PHP" | "PKR" | "PLN" | "PLZ" | "PTE" | "PYG" | "QAR" | "RHD" | "ROK" | "ROL" | "RON" | "RSD" | "RUB" | "RUR" | "RWF" | "SAR" | "SBD" | "SCR" | "SDD" | "SDG" | "SDP" | "SEK" | "SGD" | "SHP" | "SIT" | "SKK" | "SLE" | "SLL" | "SOS" | "SRD" | "SRG" | "SSP" | "STD" | "STN" | "SUR" | "SVC" | "SYP" | "SZL" | "THB" | "TJR" | "TJS" | "TMM" | "TMT" | "TND" | "TOP" | "TPE" | "TRL" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UAK" | "UGS" | "UGW" | "UGX" | "USD" | "USN" | "USS" | "UYI" | "UYN" | "UYP" | "UYU" | "UYW" | "UZS" | "VEB" | "VED" | "VEF" | "VES" | "VNC" | "VND" | "VUV" | "WST" | "XAD" | "XAF" | "XCD" | "XCG" | "XEU" | "XOF" | "XPF" | "YDD" | "YER" | "YUD" | "YUM" | "YUN" | "ZAL" | "ZAR" | "ZMK" | "ZMW" | "ZRN" | "ZRZ" | "ZWC" | "ZWD" | "ZWG" | "ZWL" | "ZWN" | "ZWR";
                /** @description Whether the order is on hold: it is then neither processed nor shipped. */
                on_hold?: boolean;
                /** @description Only orders that were placed at or after this time. */
                placed_from?: string;
                /** @description Only orders that were placed before this time. */
                placed_to?: string;
                /** @description `placed` (default): newest order first. `updated`: oldest change first, for synchronisation; needs orders:read. */
                sort?: "placed" | "updated";
                /** @description Only orders that changed last at or after this time. Implies sort=updated. Chooses the start: the requests that follow need `sort=updated` and the cursor alone. */
                updated_since?: string;
                /** @description The largest number of entries on a page. */
                limit?: number;
                /** @description `next_cursor` of the page before. Absent: the first page. */
                cursor?: string;
            };
            header?: {
                /** @description An Event-Position that the response must include. The service waits for it up to 5 seconds. A position that was lost in a restore leads to a 410. */
                "Min-Event-Position"?: components["parameters"]["Min-Event-Position"];
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "orders": [
                     *         {
                     *           "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *           "reference": "#1001",
                     *           "user_id": "u-1",
                     *           "status": "pending",
                     *           "payment_status": "paid",
                     *           "on_hold": false,
                     *           "items": [
                     *             {
                     *               "line_id": "1",
                     *               "item_id": "shirt",
                     *               "quantity": 2,
                     *               "unit_price": 19.99,
                     *               "cancelled": 0,
                     *               "shipped": 0,
                     *               "delivered": 0,
                     *               "returned": 0
                     *             },
                     *             {
                     *               "line_id": "2",
                     *               "item_id": "mug",
                     *               "quantity": 1,
                     *               "unit_price": 15.1,
                     *               "cancelled": 0,
                     *               "shipped": 0,
                     *               "delivered": 0,
                     *               "returned": 0
                     *             }
                     *           ],
                     *           "item_ids": [
                     *             "shirt",
                     *             "mug"
                     *           ],
                     *           "adjustments": [
                     *             {
                     *               "type": "shipping",
                     *               "amount": 4.9,
                     *               "description": "Standard shipping"
                     *             }
                     *           ],
                     *           "total_amount": 59.98,
                     *           "currency": "EUR",
                     *           "cancelled_amount": 0,
                     *           "credited_amount": 0,
                     *           "paid_amount": 59.98,
                     *           "refunded_amount": 0,
                     *           "balance": 0,
                     *           "shipments": [],
                     *           "metadata": {
                     *             "channel": "web"
                     *           },
                     *           "placed_at": "2026-03-02T09:30:00.000Z",
                     *           "updated_at": "2026-03-02T09:31:12.000Z",
                     *           "version": 2
                     *         }
                     *       ],
                     *       "next_cursor": "eyJwIjoiMjAyNi0wMy0wMiJ9"
                     *     }
                     */
                    "application/json": components["schemas"]["OrderPage"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400C"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422C"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503C"];
        };
    };
    placeOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceBody"];
            };
        };
        responses: {
            /** @description The new order */
            201: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    Location: components["headers"]["Location"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    amendOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AmendBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409B"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    payOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PayBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409C"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    processOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProcessBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409D"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    shipOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ShipBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409E"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    trackOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrackBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409F"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    deliverOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["DeliverBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409G"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CancelBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409H"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    refundOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefundBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409I"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    creditOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreditBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409J"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    returnOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReturnBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409K"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    holdOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HoldBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409L"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    releaseOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReleaseBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409L"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    noteOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes retries safe: the same key with the same body gets the first response again. A key places one order, whatever order_id the body carries. Rejected commands are not remembered. */
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
                /** @description The ETags of the versions that the command is meant for, such as "3". Weak tags, and tags with the suffix -gzip, -br or -zstd, match too: proxies that compress a response change its tag in this way. */
                "If-Match"?: components["parameters"]["If-Match"];
                /** @description respond-async: respond as soon as the event is durable. wait=N: wait up to N seconds until queries show the event. The default is 250 ms. */
                Prefer?: components["parameters"]["Prefer"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NoteBody"];
            };
        };
        responses: {
            /** @description The order after the command */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Event-Position": components["headers"]["Event-Position"];
                    "Idempotency-Replayed": components["headers"]["Idempotency-Replayed"];
                    "Preference-Applied": components["headers"]["Preference-Applied"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Problem400B"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404B"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409M"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422B"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500B"];
            503: components["responses"]["Problem503B"];
        };
    };
    lookUpOrders: {
        parameters: {
            query: {
                /**
                 * @description An order id, a reference, a payment reference, a tracking number or a user id, exactly.
                 * @example #1001
                 */
                q: string;
                /** @description The largest number of entries on a page. */
                limit?: number;
                /** @description `next_cursor` of the page before. Absent: the first page. */
                cursor?: string;
            };
            header?: {
                /** @description An Event-Position that the response must include. The service waits for it up to 5 seconds. A position that was lost in a restore leads to a 410. */
                "Min-Event-Position"?: components["parameters"]["Min-Event-Position"];
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "orders": [
                     *         {
                     *           "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *           "reference": "#1001",
                     *           "user_id": "u-1",
                     *           "status": "pending",
                     *           "payment_status": "unpaid",
                     *           "on_hold": false,
                     *           "items": [
                     *             {
                     *               "line_id": "1",
                     *               "item_id": "shirt",
                     *               "quantity": 2,
                     *               "unit_price": 19.99,
                     *               "cancelled": 1,
                     *               "shipped": 1,
                     *               "delivered": 1,
                     *               "returned": 1
                     *             }
                     *           ],
                     *           "item_ids": [
                     *             "shirt",
                     *             "mug"
                     *           ],
                     *           "adjustments": [
                     *             {
                     *               "type": "shipping",
                     *               "amount": 4.9,
                     *               "description": "Standard shipping"
                     *             }
                     *           ],
                     *           "total_amount": 59.98,
                     *           "currency": "EUR",
                     *           "cancelled_amount": 1,
                     *           "credited_amount": 1,
                     *           "paid_amount": 1,
                     *           "refunded_amount": 1,
                     *           "balance": 1,
                     *           "shipments": [
                     *             {
                     *               "shipment_id": "1",
                     *               "items": [
                     *                 {
                     *                   "line_id": "1",
                     *                   "item_id": "shirt",
                     *                   "quantity": 2
                     *                 }
                     *               ],
                     *               "carrier": "DHL",
                     *               "tracking_number": "00340434161094042557",
                     *               "shipped_at": "2026-03-02T09:30:00.000Z",
                     *               "delivered_at": "2026-03-02T09:30:00.000Z"
                     *             }
                     *           ],
                     *           "metadata": {
                     *             "channel": "web"
                     *           },
                     *           "placed_at": "2026-03-02T09:30:00.000Z",
                     *           "updated_at": "2026-03-02T09:30:00.000Z",
                     *           "version": 2,
                     *           "matched_by": [
                     *             "order_id"
                     *           ]
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["LookupPage"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400C"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422C"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503C"];
        };
    };
    getMetrics: {
        parameters: {
            query?: {
                /** @description An ISO 4217 code. Withdrawn currencies are accepted too. */
                currency?: "ADP" | "AED" | "AFA" | "AFN" | "ALK" | "ALL" | "AMD" | "ANG" | "AOA" | "AOK" | "AON" | "AOR" | "ARA" | "ARP" | "ARS" | "ARY" | "ATS" | "AUD" | "AWG" | "AYM" | "AZM" | "AZN" | "BAD" | "BAM" | "BBD" | "BDT" | "BEC" | "BEF" | "BEL" | "BGJ" | "BGK" | "BGL" | "BGN" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BOP" | "BOV" | "BRB" | "BRC" | "BRE" | "BRL" | "BRN" | "BRR" | "BSD" | "BTN" | "BUK" | "BWP" | "BYB" | "BYN" | "BYR" | "BZD" | "CAD" | "CDF" | "CHC" | "CHE" | "CHF" | "CHW" | "CLF" | "CLP" | "CNX" | "CNY" | "COP" | "COU" | "CRC" | "CSD" | "CSJ" | "CSK" | "CUC" | "CUP" | "CVE" | "CYP" | "CZK" | "DDM" | "DEM" | "DJF" | "DKK" | "DOP" | "DZD" | "ECS" | "ECV" | "EEK" | "EGP" | "EQE" | "ERN" | "ESA" | "ESB" | "ESP" | "ETB" | "EUR" | "FIM" | "FJD" | "FKP" | "FRF" | "GBP" | "GEK" | "GEL" | "GHC" | "GHP" | "GHS" | "GIP" | "GMD" | "GNE" | "GNF" | "GNS" | "GQE" | "GRD" | "GTQ" | "GWE" | "GWP" | "GYD" | "HKD" | "HNL" | "HRD" | "HRK" | "HTG" | "HUF" | "IDR" | "IEP" | "ILP" | "ILR" | "ILS" | "INR" | "IQD" | "IRR" | "ISJ" | "ISK" | "ITL" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAJ" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LSM" | "LTL" | "LTT" | "LUC" | "LUF" | "LUL" | "LVL" | "LVR" | "LYD" | "MAD" | "MAF" | "MDL" | "MGA" | "MGF" | "MKD" | "MLF" | "MMK" | "MNT" | "MOP" | "MRO" | "MRU" | "MTL" | "MTP" | "MUR" | "MVQ" | "MVR" | "MWK" | "MXN" | "MXP" | "MXV" | "MYR" | "MZE" | "MZM" | "MZN" | "NAD" | "NGN" | "NIC" | "NIO" | "NLG" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEH" | "PEI" | "PEN" | "PES" | "PGK" | "PHP" | "PKR" | "PLN" | "PLZ" | "PTE" | "PYG" | "QAR" | "RHD" | "ROK" | "ROL" | "RON" | "RSD" | "RUB" | "RUR" | "RWF" | "SAR" | "SBD" | "SCR" | "SDD" | "SDG" | "SDP" | "SEK" | "SGD" | "SHP" | "SIT" | "SKK" | "SLE" | "SLL" | "SOS" | "SRD" | "SRG" | "SSP" | "STD" | "STN" | "SUR" | "SVC" | "SYP" | "SZL" | "THB" | "TJR" | "TJS" | "TMM" | "TMT" | "TND" | "TOP" | "TPE" | "TRL" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UAK" | "UGS" | "UGW" | "UGX" | "USD" | "USN" | "USS" | "UYI" | "UYN" | "UYP" | "UYU" | "UYW" | "UZS" | "VEB" | "VED" | "VEF" | "VES" | "VNC" | "VND" | "VUV" | "WST" | "XAD" | "XAF" | "XCD" | "XCG" | "XEU" | "XOF" | "XPF" | "YDD" | "YER" | "YUD" | "YUM" | "YUN" | "ZAL" | "ZAR" | "ZMK" | "ZMW" | "ZRN" | "ZRZ" | "ZWC" | "ZWD" | "ZWG" | "ZWL" | "ZWN" | "ZWR";
                /** @description The start of the range. A time on a quarter of an hour, or a date in the time zone. */
                from?: string;
                /** @description The end of the range, which is not in it. A time on a quarter of an hour, or a date in the time zone. */
                to?: string;
                /** @description Adds a series of figures to the response, one per interval. */
                interval?: "hour" | "day" | "week" | "month";
                /** @description `placed` (default): all amounts count when the order was placed. `event`: each when it happened. */
                by?: "placed" | "event";
                /** @description The IANA time zone of `interval` and of dates; by default that of the service. */
                time_zone?: string;
            };
            header?: {
                /** @description An Event-Position that the response must include. The service waits for it up to 5 seconds. A position that was lost in a restore leads to a 410. */
                "Min-Event-Position"?: components["parameters"]["Min-Event-Position"];
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "currency": "EUR",
                     *       "other_currencies": [
                     *         "USD"
                     *       ],
                     *       "total_orders": 1204,
                     *       "by_status": {
                     *         "pending": 40,
                     *         "processing": 61,
                     *         "delivered": 1050,
                     *         "cancelled": 53
                     *       },
                     *       "units": 2911,
                     *       "revenue": {
                     *         "gross": 84310.5,
                     *         "cancelled": 3710,
                     *         "refunded": 1402.2,
                     *         "credited": 0,
                     *         "net": 79198.3,
                     *         "paid": 81120.4,
                     *         "given_back": 1402.2,
                     *         "cash": 79718.2
                     *       },
                     *       "average_order_value": 70.03,
                     *       "processing_time": {
                     *         "placed_to_shipped": {
                     *           "count": 1050,
                     *           "mean": 93600,
                     *           "p50": 86400,
                     *           "p90": 172800,
                     *           "p99": 259200
                     *         },
                     *         "placed_to_delivered": {
                     *           "count": 1050,
                     *           "mean": 93600,
                     *           "p50": 86400,
                     *           "p90": 172800,
                     *           "p99": 259200
                     *         }
                     *       },
                     *       "series": [
                     *         {
                     *           "start": "2026-03-02T09:30:00.000Z",
                     *           "orders": 1204,
                     *           "cancelled_orders": 53,
                     *           "units": 2911,
                     *           "revenue": {
                     *             "gross": 84310.5,
                     *             "cancelled": 3710,
                     *             "refunded": 1402.2,
                     *             "credited": 0,
                     *             "net": 79198.3,
                     *             "paid": 81120.4,
                     *             "given_back": 1402.2,
                     *             "cash": 79718.2
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Metrics"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400C"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422D"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503C"];
        };
    };
    streamOrders: {
        parameters: {
            query?: {
                /** @description The id of the order, a UUID. */
                order_id?: string;
                /** @description The customer, by the id that the shop uses. */
                user_id?: string;
                /** @description A ticket of POST /streams/tickets, in place of the Authorization header. */
                ticket?: string;
                /** @description The same as the header Last-Event-ID, for a new EventSource. */
                last_event_id?: string;
            };
            header?: {
                /** @description The id of the last message received. The stream continues right after it. */
                "Last-Event-ID"?: components["parameters"]["Last-Event-ID"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The changes */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example id: 8c1f2d34-3a.2p.3n.2w.34.3c.2r.30
                     *     data: {"order_id":"019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10","version":2,"type":"OrderPaid","data":{"amount_minor":5998,"payment_reference":"pay_4711"},"actor":"shop","occurred_at":"2026-03-02T09:30:00.000Z","recorded_at":"2026-03-02T09:30:00.000Z","position":"5:120"}
                     *
                     *     : a comment every 15 seconds
                     */
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503D"];
        };
    };
    getOrder: {
        parameters: {
            query?: {
                /** @description The version to show. */
                version?: number;
                /** @description Show the order as it was at this time. */
                at?: string;
            };
            header?: {
                /** @description An Event-Position that the response must include. The service waits for it up to 5 seconds. A position that was lost in a restore leads to a 410. */
                "Min-Event-Position"?: components["parameters"]["Min-Event-Position"];
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "reference": "#1001",
                     *       "user_id": "u-1",
                     *       "status": "pending",
                     *       "payment_status": "paid",
                     *       "on_hold": false,
                     *       "items": [
                     *         {
                     *           "line_id": "1",
                     *           "item_id": "shirt",
                     *           "quantity": 2,
                     *           "unit_price": 19.99,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         },
                     *         {
                     *           "line_id": "2",
                     *           "item_id": "mug",
                     *           "quantity": 1,
                     *           "unit_price": 15.1,
                     *           "cancelled": 0,
                     *           "shipped": 0,
                     *           "delivered": 0,
                     *           "returned": 0
                     *         }
                     *       ],
                     *       "item_ids": [
                     *         "shirt",
                     *         "mug"
                     *       ],
                     *       "adjustments": [
                     *         {
                     *           "type": "shipping",
                     *           "amount": 4.9,
                     *           "description": "Standard shipping"
                     *         }
                     *       ],
                     *       "total_amount": 59.98,
                     *       "currency": "EUR",
                     *       "cancelled_amount": 0,
                     *       "credited_amount": 0,
                     *       "paid_amount": 59.98,
                     *       "refunded_amount": 0,
                     *       "balance": 0,
                     *       "shipments": [],
                     *       "metadata": {
                     *         "channel": "web"
                     *       },
                     *       "placed_at": "2026-03-02T09:30:00.000Z",
                     *       "updated_at": "2026-03-02T09:31:12.000Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400C"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404D"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500D"];
            503: components["responses"]["Problem503C"];
        };
    };
    getOrderCommands: {
        parameters: {
            query?: never;
            header?: {
                /** @description An Event-Position that the response must include. The service waits for it up to 5 seconds. A position that was lost in a restore leads to a 410. */
                "Min-Event-Position"?: components["parameters"]["Min-Event-Position"];
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The commands */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "version": 2,
                     *       "allowed_commands": [
                     *         "amend",
                     *         "process",
                     *         "cancel",
                     *         "refund",
                     *         "credit",
                     *         "hold",
                     *         "note"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["OrderCommands"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400C"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404E"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500D"];
            503: components["responses"]["Problem503C"];
        };
    };
    getOrderHistory: {
        parameters: {
            query?: {
                /** @description Show the changes of each event, field by field. */
                diff?: boolean;
                /** @description The version to compare from. */
                from?: number;
                /** @description The version to compare to. */
                to?: number;
                /** @description Show the events after this version: `next_after` of the page before. */
                after?: number;
                /** @description Show this many events at most. A page of large events may have fewer. */
                limit?: number;
                /** @description Show the events as they were hashed, with a proof that they are in the log. */
                proof?: boolean;
            };
            header?: {
                /** @description An Event-Position that the response must include. The service waits for it up to 5 seconds. A position that was lost in a restore leads to a 410. */
                "Min-Event-Position"?: components["parameters"]["Min-Event-Position"];
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /**
                 * @description The id of the order, a UUID.
                 * @example 019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10
                 */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The history, the changes between two versions, or a signed proof */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    Link: components["headers"]["Link"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "partition": 5,
                     *       "events": [
                     *         {
                     *           "version": 2,
                     *           "type": "OrderPaid",
                     *           "data": {
                     *             "amount_minor": 5998,
                     *             "payment_reference": "pay_4711"
                     *           },
                     *           "actor": "shop",
                     *           "occurred_at": "2026-03-02T09:30:00.000Z",
                     *           "recorded_at": "2026-03-02T09:30:00.000Z",
                     *           "position": 120,
                     *           "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "request_id": "5d1c7f3e-0a9b-4c8d-9e7f-6a5b4c3d2e1f",
                     *           "correlation_id": "5d1c7f3e-0a9b-4c8d-9e7f-6a5b4c3d2e1f",
                     *           "causation_id": "5d1c7f3e-0a9b-4c8d-9e7f-6a5b4c3d2e1f",
                     *           "idempotency_key": "pay-1001",
                     *           "changes": [
                     *             {
                     *               "pointer": "/payment_status",
                     *               "before": "unpaid",
                     *               "after": "paid"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "next_after": null
                     *     }
                     */
                    "application/json": components["schemas"]["History"];
                    /**
                     * @example order_id,version,type,actor,occurred_at
                     *     019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10,2,OrderPaid,shop,2026-03-02T09:31:12.000Z
                     */
                    "text/csv": string;
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400C"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404D"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500D"];
            501: components["responses"]["Problem501"];
            503: components["responses"]["Problem503C"];
        };
    };
    getProjections: {
        parameters: {
            query?: {
                /** @description A ticket of POST /streams/tickets, in place of the Authorization header. */
                ticket?: string;
            };
            header?: {
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The projections */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "projections": [
                     *         {
                     *           "name": "order-status",
                     *           "version": 2,
                     *           "generation": 3,
                     *           "lag": 0,
                     *           "lag_seconds": 0,
                     *           "state": "stopped",
                     *           "rebuild": null,
                     *           "partitions": [
                     *             {
                     *               "partition": 5,
                     *               "state": "stopped",
                     *               "checkpoint": 120,
                     *               "head": 120,
                     *               "lag": 0,
                     *               "lag_seconds": 0,
                     *               "owner": "host-1:4711:9c4e",
                     *               "reported_at": "2026-03-02T09:30:00.000Z",
                     *               "report_age_seconds": 1
                     *             }
                     *           ],
                     *           "skipped": []
                     *         }
                     *       ],
                     *       "heads_age_seconds": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Projections"];
                    /**
                     * @example event: projections
                     *     data: {"projections":[{"name":"order-status","version":2,"generation":3,"lag":0,"lag_seconds":0,"state":"stopped","rebuild":null,"partitions":[{"partition":5,"state":"stopped","checkpoint":120,"head":120,"lag":0,"lag_seconds":0,"owner":"host-1:4711:9c4e","reported_at":"2026-03-02T09:30:00.000Z","report_age_seconds":1}],"skipped":[]}],"heads_age_seconds":0}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503E"];
        };
    };
    createStreamTicket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ticket */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ticket": "st_J9mVw3c0aQ",
                     *       "expires_at": "2026-03-02T09:31:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["StreamTicket"];
                };
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503F"];
        };
    };
    rebuildProjection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rebuild is in progress */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "order-status",
                     *       "requested": false,
                     *       "rebuild": null
                     *     }
                     */
                    "application/json": components["schemas"]["RebuildRequested"];
                };
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404F"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503F"];
        };
    };
    cancelRebuild: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rebuild is cancelled */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404G"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503F"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscriptions */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhooks": [
                     *         {
                     *           "webhook_id": "3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11",
                     *           "url": "https://shop.example/webhooks/orders",
                     *           "event_types": null,
                     *           "state": "active",
                     *           "breaker": "closed",
                     *           "failing_since": null,
                     *           "retry_at": null,
                     *           "last_error": null,
                     *           "created_at": "2026-03-02T09:30:00.000Z",
                     *           "created_by": "operator",
                     *           "pending": 0,
                     *           "dead_letters": 0,
                     *           "lag": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Webhooks"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503H"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookBody"];
            };
        };
        responses: {
            /** @description The subscription */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhook_id": "3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11",
                     *       "url": "https://shop.example/webhooks/orders",
                     *       "event_types": null,
                     *       "state": "active",
                     *       "breaker": "closed",
                     *       "failing_since": null,
                     *       "retry_at": null,
                     *       "last_error": null,
                     *       "created_at": "2026-03-02T09:30:00.000Z",
                     *       "created_by": "operator",
                     *       "pending": 0,
                     *       "dead_letters": 0,
                     *       "lag": 0,
                     *       "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            400: components["responses"]["Problem400F"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409N"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscription */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhook_id": "3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11",
                     *       "url": "https://shop.example/webhooks/orders",
                     *       "event_types": null,
                     *       "state": "active",
                     *       "breaker": "closed",
                     *       "failing_since": null,
                     *       "retry_at": null,
                     *       "last_error": null,
                     *       "created_at": "2026-03-02T09:30:00.000Z",
                     *       "created_by": "operator",
                     *       "pending": 0,
                     *       "dead_letters": 0,
                     *       "lag": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404H"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503H"];
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscription was deleted */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404I"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    setWebhookState: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookStateBody"];
            };
        };
        responses: {
            /** @description The subscription */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhook_id": "3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11",
                     *       "url": "https://shop.example/webhooks/orders",
                     *       "event_types": null,
                     *       "state": "active",
                     *       "breaker": "closed",
                     *       "failing_since": null,
                     *       "retry_at": null,
                     *       "last_error": null,
                     *       "created_at": "2026-03-02T09:30:00.000Z",
                     *       "created_by": "operator",
                     *       "pending": 0,
                     *       "dead_letters": 0,
                     *       "lag": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Problem400F"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404I"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The subscription with its new secret */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhook_id": "3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11",
                     *       "url": "https://shop.example/webhooks/orders",
                     *       "event_types": null,
                     *       "state": "active",
                     *       "breaker": "closed",
                     *       "failing_since": null,
                     *       "retry_at": null,
                     *       "last_error": null,
                     *       "created_at": "2026-03-02T09:30:00.000Z",
                     *       "created_by": "operator",
                     *       "pending": 0,
                     *       "dead_letters": 0,
                     *       "lag": 0,
                     *       "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404I"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the receiver accepted the message */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepted": true,
                     *       "error": null,
                     *       "duration_ms": 48
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookTested"];
                };
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404I"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description Begin after the event at this position: `next_after` of the page before. */
                after?: string;
                /** @description The largest number of entries on a page. */
                limit?: number;
            };
            header?: {
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The dead letters */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "dead_letters": [
                     *         {
                     *           "event": "5:120",
                     *           "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *           "type": "OrderPaid",
                     *           "attempts": 12,
                     *           "first_attempt_at": "2026-03-02T09:30:00.000Z",
                     *           "last_attempt_at": "2026-03-02T09:30:00.000Z",
                     *           "last_error": "The status was 500."
                     *         }
                     *       ],
                     *       "next_after": null
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetters"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404H"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503H"];
        };
    };
    replayDeadLetters: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReplayDeadLettersBody"];
            };
        };
        responses: {
            /** @description The number of dead letters that are sent again */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "replayed": 3
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLettersReplayed"];
                };
            };
            400: components["responses"]["Problem400F"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404I"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            410: components["responses"]["Problem410B"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    resumeProjection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The owners of the partitions try again */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404F"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503F"];
        };
    };
    skipEvent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SkipEventBody"];
            };
        };
        responses: {
            /** @description The skipped event */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "projection": "order-status",
                     *       "partition": 5,
                     *       "position": 120,
                     *       "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *       "type": "OrderPaid",
                     *       "recorded_at_position": "5:121"
                     *     }
                     */
                    "application/json": components["schemas"]["SkippedEvent"];
                };
            };
            400: components["responses"]["Problem400F"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404F"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            409: components["responses"]["Problem409O"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503I"];
        };
    };
    listDryRuns: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The runs, newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "runs": [
                     *         {
                     *           "run_id": "0e8f6f0a-2b1c-4d3e-9f5a-6b7c8d9e0f1a",
                     *           "state": "running",
                     *           "requested_by": "operator",
                     *           "started_at": "2026-03-02T09:30:00.000Z",
                     *           "ended_at": "2026-03-02T09:30:00.000Z",
                     *           "error": null,
                     *           "events_done": 61000,
                     *           "events_total": 120000,
                     *           "compared_keys": 120000,
                     *           "differences_total": 0,
                     *           "is_complete": true,
                     *           "differences": []
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DryRuns"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404J"];
            405: components["responses"]["Problem405B"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503E"];
        };
    };
    startDryRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "is_new": true,
                     *       "run": {
                     *         "run_id": "0e8f6f0a-2b1c-4d3e-9f5a-6b7c8d9e0f1a",
                     *         "state": "running",
                     *         "requested_by": "operator",
                     *         "started_at": "2026-03-02T09:30:00.000Z",
                     *         "ended_at": "2026-03-02T09:30:00.000Z",
                     *         "error": null,
                     *         "events_done": 61000,
                     *         "events_total": 120000,
                     *         "compared_keys": 120000,
                     *         "differences_total": 0,
                     *         "is_complete": true,
                     *         "differences": []
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DryRunStarted"];
                };
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404F"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503F"];
        };
    };
    cancelDryRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
                /**
                 * @description The id of the run.
                 * @example 0e8f6f0a-2b1c-4d3e-9f5a-6b7c8d9e0f1a
                 */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run ends within a second, without a result */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404K"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503F"];
        };
    };
    listRebuilds: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of a projection, as in GET /projections.
                 * @example order-status
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rebuilds, newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "rebuilds": [
                     *         {
                     *           "generation": 3,
                     *           "version": 2,
                     *           "requested_by": "operator",
                     *           "requested_at": "2026-03-02T09:30:00.000Z",
                     *           "ended_at": "2026-03-02T09:30:00.000Z",
                     *           "duration_seconds": 1,
                     *           "result": "live"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["EndedRebuilds"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404J"];
            405: components["responses"]["Problem405B"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503E"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the webhook.
                 * @example 3f0b6f0e-4d0a-4a7c-9c3e-5d5f0f2a7b11
                 */
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The attempts, newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deliveries": [
                     *         {
                     *           "event": "5:120",
                     *           "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *           "type": "OrderPaid",
                     *           "attempt": 1,
                     *           "at": "2026-03-02T09:30:00.000Z",
                     *           "duration_ms": 48,
                     *           "result": "delivered",
                     *           "status": 1,
                     *           "error": "The status was 500."
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDeliveries"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404H"];
            405: components["responses"]["Problem405B"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503E"];
        };
    };
    browseLog: {
        parameters: {
            query?: {
                /** @description The partition of the log, from 0. */
                partition?: number;
                /** @description The id of the order, a UUID. */
                order_id?: string;
                /** @description Begin after this position, or with `order_id` after this version. */
                after?: number;
                /** @description Begin with the events that were recorded after this time. */
                at?: string;
                /** @description The largest number of entries on a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "events": [
                     *         {
                     *           "partition": 5,
                     *           "position": 120,
                     *           "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                     *           "version": 2,
                     *           "type": "OrderPaid",
                     *           "data": {
                     *             "amount_minor": 5998,
                     *             "payment_reference": "pay_4711"
                     *           },
                     *           "is_sealed": false,
                     *           "metadata": {
                     *             "actor": "shop",
                     *             "requestId": "5d1c7f3e"
                     *           },
                     *           "occurred_at": "2026-03-02T09:30:00.000Z",
                     *           "recorded_at": "2026-03-02T09:30:00.000Z",
                     *           "previous_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *           "is_intact": true
                     *         }
                     *       ],
                     *       "head": 120,
                     *       "next_after": null
                     *     }
                     */
                    "application/json": components["schemas"]["LogPage"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503J"];
        };
    };
    listVerifications: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The runs, newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "runs": [
                     *         {
                     *           "run_id": "0e8f6f0a-2b1c-4d3e-9f5a-6b7c8d9e0f1a",
                     *           "state": "running",
                     *           "requested_by": "operator",
                     *           "started_at": "2026-03-02T09:30:00.000Z",
                     *           "ended_at": "2026-03-02T09:30:00.000Z",
                     *           "error": null,
                     *           "events_done": 61000,
                     *           "events_total": 120000,
                     *           "against": "2026-03-02T09:30:00.000Z",
                     *           "findings": []
                     *         }
                     *       ],
                     *       "last_checkpoint_at": "2026-03-02T09:30:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Verifications"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503D"];
        };
    };
    startVerification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VerificationBody"];
            };
        };
        responses: {
            /** @description The run */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "is_new": true,
                     *       "run": {
                     *         "run_id": "0e8f6f0a-2b1c-4d3e-9f5a-6b7c8d9e0f1a",
                     *         "state": "running",
                     *         "requested_by": "operator",
                     *         "started_at": "2026-03-02T09:30:00.000Z",
                     *         "ended_at": "2026-03-02T09:30:00.000Z",
                     *         "error": null,
                     *         "events_done": 61000,
                     *         "events_total": 120000,
                     *         "against": "2026-03-02T09:30:00.000Z",
                     *         "findings": []
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["VerificationStarted"];
                };
            };
            400: components["responses"]["Problem400F"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503K"];
        };
    };
    cancelVerification: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the run.
                 * @example 0e8f6f0a-2b1c-4d3e-9f5a-6b7c8d9e0f1a
                 */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run ends within a second, without a result */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404L"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503K"];
        };
    };
    listKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys, oldest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "key_id": "7k2m9q4x1z8c",
                     *           "name": "Web shop",
                     *           "subject": "shop",
                     *           "scopes": [
                     *             "orders:write",
                     *             "orders:read"
                     *           ],
                     *           "created_at": "2026-03-02T09:30:00.000Z",
                     *           "created_by": "operator",
                     *           "expires_at": null,
                     *           "revoked_at": null,
                     *           "last_used_at": "2026-03-02T09:30:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ApiKeys"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503H"];
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateKeyBody"];
            };
        };
        responses: {
            /** @description The key */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key_id": "7k2m9q4x1z8c",
                     *       "name": "Web shop",
                     *       "subject": "shop",
                     *       "scopes": [
                     *         "orders:write",
                     *         "orders:read"
                     *       ],
                     *       "created_at": "2026-03-02T09:30:00.000Z",
                     *       "created_by": "operator",
                     *       "expires_at": null,
                     *       "revoked_at": null,
                     *       "last_used_at": "2026-03-02T09:30:00.000Z",
                     *       "key": "ok_7k2m9q4x1z8c_Q2hhbmdlIG1l"
                     *     }
                     */
                    "application/json": components["schemas"]["ApiKeyWithSecret"];
                };
            };
            400: components["responses"]["Problem400F"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            405: components["responses"]["Problem405"];
            408: components["responses"]["Problem408"];
            413: components["responses"]["Problem413B"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of an API key.
                 * @example 7k2m9q4x1z8c
                 */
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key is revoked */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400E"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404M"];
            405: components["responses"]["Problem405"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            431: components["responses"]["Problem431"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503G"];
        };
    };
    getSystem: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state of the system */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": "0.1.0",
                     *       "log": {
                     *         "log_id": "8c1f2d34-5b6a-4e7f-8a9b-0c1d2e3f4a5b",
                     *         "epoch": "1",
                     *         "partitions": 16,
                     *         "events": 120000
                     *       },
                     *       "processes": [
                     *         {
                     *           "process_id": "host-1:4711:9c4e",
                     *           "version": "0.1.0",
                     *           "node": "v24.11.0",
                     *           "roles": [
                     *             "api",
                     *             "projector"
                     *           ],
                     *           "started_at": "2026-03-02T09:30:00.000Z",
                     *           "reported_seconds_ago": 1,
                     *           "memory_bytes": 210000000,
                     *           "is_this": true
                     *         }
                     *       ],
                     *       "event_log": {
                     *         "server": "PostgreSQL 18.1",
                     *         "database_bytes": 1400000000,
                     *         "connections": {
                     *           "open": 4,
                     *           "idle": 3,
                     *           "waiting": 0,
                     *           "limit": 10
                     *         }
                     *       },
                     *       "read_models": {
                     *         "server": "PostgreSQL 18.1",
                     *         "used_bytes": 310000000,
                     *         "limit_bytes": null,
                     *         "eviction": "noeviction"
                     *       },
                     *       "projection_states": {
                     *         "order-status": "live",
                     *         "metrics": "live"
                     *       },
                     *       "configuration": [
                     *         {
                     *           "name": "ORDERS_PARTITIONS",
                     *           "value": "16",
                     *           "is_default": true
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["System"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503E"];
        };
    };
    getAccess: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rules of access */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "required": true,
                     *       "oidc": {
                     *         "issuer": "https://id.example",
                     *         "client_id": "order-console",
                     *         "scope": "openid profile",
                     *         "audience": "orders"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Access"];
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    getCaller: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "subject": "shop",
                     *       "scopes": [
                     *         "orders:write",
                     *         "orders:read"
                     *       ],
                     *       "credential": "api-key",
                     *       "expires_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["Caller"];
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503H"];
        };
    };
    getCheckpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The checkpoint */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "checkpoint": {
                     *         "log_id": "8c1f2d34-5b6a-4e7f-8a9b-0c1d2e3f4a5b",
                     *         "epoch": "1",
                     *         "created_at": "2026-03-02T09:30:00.000Z",
                     *         "partitions": [
                     *           {
                     *             "partition": 5,
                     *             "position": 120,
                     *             "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                     *             "root": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                     *           }
                     *         ]
                     *       },
                     *       "jws": "eyJhbGciOiJFZERTQSJ9.eyJsb2dfaWQiOiI4YzFmIn0.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": components["schemas"]["SignedCheckpoint"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            501: components["responses"]["Problem501"];
            503: components["responses"]["Problem503J"];
        };
    };
    getSigningKeys: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "OKP",
                     *           "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["JsonWebKeySet"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            422: components["responses"]["Problem422E"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    getServiceMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example orders_projection_lag_events{projection="metrics",partition="0"} 0 */
                    "text/plain": string;
                };
            };
            400: components["responses"]["Problem400D"];
            401: components["responses"]["Problem401B"];
            403: components["responses"]["Problem403B"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503M"];
        };
    };
    isLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is running */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "live"
                     *     }
                     */
                    "application/json": components["schemas"]["Live"];
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
        };
    };
    isReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can serve requests */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "checks": {
                     *         "event_log": "up",
                     *         "read_models": "up",
                     *         "notifications": "up",
                     *         "projections": "live"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            /** @description It cannot serve requests */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "checks": {
                     *         "event_log": "up",
                     *         "read_models": "up",
                     *         "notifications": "up",
                     *         "projections": "live"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It keeps all of its promises */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "checks": {
                     *         "event_log": "up",
                     *         "read_models": "up",
                     *         "notifications": "up",
                     *         "projections": "live"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ServiceHealth"];
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            /** @description It breaks a promise, which `checks` names */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "checks": {
                     *         "event_log": "up",
                     *         "read_models": "up",
                     *         "notifications": "up",
                     *         "projections": "live"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ServiceHealth"];
                };
            };
        };
    };
    getService: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "service": "order-service",
                     *       "documentation": "/docs",
                     *       "openapi": "/openapi.json",
                     *       "endpoints": [
                     *         "POST /orders",
                     *         "GET /orders"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ServiceDescription"];
                    /** @example <!doctype html><html lang="en"><title>Order service</title></html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    getConsoleFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The name of the file.
                 * @example icon.svg
                 */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example body { margin: 0 } */
                    "text/css": string;
                    /** @example export {}; */
                    "application/javascript": string;
                    /** @example export {}; */
                    "text/javascript": string;
                    /** @example <svg xmlns="http://www.w3.org/2000/svg"/> */
                    "image/svg+xml": string;
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETags of responses that the client has. The status is 304 if one of them is current. */
                "If-None-Match"?: components["parameters"]["If-None-Match"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.1",
                     *       "info": {
                     *         "title": "Order service",
                     *         "version": "0.1.0"
                     *       },
                     *       "paths": {}
                     *     }
                     */
                    "application/json": components["schemas"]["OpenApiDocument"];
                };
            };
            /** @description The client has this response already */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    getDocs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html><html lang="en"><title>Order service</title></html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    listProblems: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The problem types; as a page for a browser */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "type": "/problems/invalid-transition",
                     *         "status": 409,
                     *         "title": "The order does not accept this command now"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ProblemTypes"];
                    /** @example <!doctype html><html lang="en"><title>Order service</title></html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    getProblem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The part of a problem’s type after /problems/.
                 * @example invalid-transition
                 */
                problem: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html><html lang="en"><title>Order service</title></html> */
                    "text/html": string;
                };
            };
            400: components["responses"]["Problem400D"];
            403: components["responses"]["Problem403C"];
            404: components["responses"]["Problem404C"];
            405: components["responses"]["Problem405B"];
            429: components["responses"]["Problem429B"];
            431: components["responses"]["Problem431B"];
            500: components["responses"]["Problem500C"];
            503: components["responses"]["Problem503L"];
        };
    };
    receiveOrderPlaced: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderPlaced",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderPlaced",
                 *         "data": {
                 *           "user_id": "u-1",
                 *           "currency": "EUR",
                 *           "total_minor": 1,
                 *           "items": [
                 *             {
                 *               "item_id": "shirt",
                 *               "quantity": 2,
                 *               "unit_price_minor": 1,
                 *               "unit_price_micro": 1,
                 *               "line_id": "1"
                 *             }
                 *           ],
                 *           "metadata": {
                 *             "channel": "web"
                 *           },
                 *           "reference": "#1001",
                 *           "adjustments": [
                 *             {
                 *               "type": "shipping",
                 *               "amount_minor": 1,
                 *               "description": "Standard shipping"
                 *             }
                 *           ]
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderPlaced";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderPlacedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderAmended: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderAmended",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderAmended",
                 *         "data": {
                 *           "total_minor": 1,
                 *           "items": [
                 *             {
                 *               "item_id": "shirt",
                 *               "quantity": 2,
                 *               "unit_price_minor": 1,
                 *               "unit_price_micro": 1,
                 *               "line_id": "1"
                 *             }
                 *           ],
                 *           "adjustments": [
                 *             {
                 *               "type": "shipping",
                 *               "amount_minor": 1,
                 *               "description": "Standard shipping"
                 *             }
                 *           ],
                 *           "reference": "#1001",
                 *           "metadata": {
                 *             "channel": "web"
                 *           },
                 *           "reason": "a scratch"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderAmended";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderAmendedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderPaid: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderPaid",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderPaid",
                 *         "data": {
                 *           "amount_minor": 1,
                 *           "payment_reference": "pay_4711",
                 *           "already_received": true
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderPaid";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderPaidData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderProcessingStarted: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderProcessingStarted",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderProcessingStarted",
                 *         "data": {},
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderProcessingStarted";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderProcessingStartedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderShipped: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderShipped",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderShipped",
                 *         "data": {
                 *           "items": [
                 *             {
                 *               "line_id": "1",
                 *               "item_id": "shirt",
                 *               "quantity": 2
                 *             }
                 *           ],
                 *           "carrier": "DHL",
                 *           "tracking_number": "00340434161094042557",
                 *           "shipment_id": "1"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderShipped";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderShippedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderShipmentTracked: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderShipmentTracked",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderShipmentTracked",
                 *         "data": {
                 *           "shipment_id": "1",
                 *           "carrier": "DHL",
                 *           "tracking_number": "00340434161094042557"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderShipmentTracked";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderShipmentTrackedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderDelivered: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderDelivered",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderDelivered",
                 *         "data": {
                 *           "items": [
                 *             {
                 *               "line_id": "1",
                 *               "item_id": "shirt",
                 *               "quantity": 2
                 *             }
                 *           ],
                 *           "shipment_id": "1"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderDelivered";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderDeliveredData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderCancelled: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderCancelled",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderCancelled",
                 *         "data": {
                 *           "items": [
                 *             {
                 *               "line_id": "1",
                 *               "item_id": "shirt",
                 *               "quantity": 2
                 *             }
                 *           ],
                 *           "amount_minor": 1,
                 *           "reason": "a scratch"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderCancelled";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderCancelledData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderRefunded: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderRefunded",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderRefunded",
                 *         "data": {
                 *           "amount_minor": 1,
                 *           "credited_minor": 1,
                 *           "reason": "a scratch"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderRefunded";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderRefundedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderCredited: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderCredited",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderCredited",
                 *         "data": {
                 *           "amount_minor": 1,
                 *           "reason": "a scratch"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderCredited";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderCreditedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderReturned: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderReturned",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderReturned",
                 *         "data": {
                 *           "items": [
                 *             {
                 *               "line_id": "1",
                 *               "item_id": "shirt",
                 *               "quantity": 2,
                 *               "in_transit": 1
                 *             }
                 *           ],
                 *           "shipment_id": "1",
                 *           "ship_again": true,
                 *           "rest_arrived": true,
                 *           "reason": "a scratch"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderReturned";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderReturnedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderHeld: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderHeld",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderHeld",
                 *         "data": {
                 *           "reason": "a scratch"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderHeld";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderHeldData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderReleased: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderReleased",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderReleased",
                 *         "data": {
                 *           "reason": "a scratch"
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderReleased";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderReleasedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderNoteAdded: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderNoteAdded",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderNoteAdded",
                 *         "data": {
                 *           "text": "Ring twice."
                 *         },
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderNoteAdded";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderNoteAddedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    receiveOrderPersonErased: {
        parameters: {
            query?: never;
            header: {
                "webhook-id": string;
                "webhook-timestamp": string;
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "OrderPersonErased",
                 *       "timestamp": "2026-03-02T09:30:00.000Z",
                 *       "data": {
                 *         "order_id": "019cae2b-6c1e-7c3a-9d56-0f5d2f7f8a10",
                 *         "version": 2,
                 *         "type": "OrderPersonErased",
                 *         "data": {},
                 *         "actor": "shop",
                 *         "occurred_at": "2026-03-02T09:30:00.000Z",
                 *         "recorded_at": "2026-03-02T09:30:00.000Z",
                 *         "position": "5:120"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WebhookMessage"] & ({
                    /**
                     * @description The type of the event.
                     * @constant
                     */
                    type?: "OrderPersonErased";
                    /** @description The data of the event. */
                    data?: {
                        data?: components["schemas"]["OrderPersonErasedData"];
                    } & {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                });
            };
        };
        responses: {
            /** @description The subscription ends */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Received */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
