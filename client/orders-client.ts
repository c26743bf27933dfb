import createClient, { type Client, type Middleware } from 'openapi-fetch';
import { newIdempotencyKey } from './idempotency-keys.js';
import { Positions } from './positions.js';
import { type RetryOptions, type Send, withRetries } from './retries.js';
import type { paths } from './schema.js';

/** The media types of `data`. To read a response as text (CSV, a stream), set `parseAs`. */
type Json = 'application/json' | 'application/problem+json';

export type OrdersClient = Client<paths, Json>;

export interface ClientOptions {
  /**
   * An API key or a token, or a function that returns one for each request. Not needed while access
   * control is off.
   */
  readonly key?: string | (() => string | Promise<string>);
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: Send;
  /** How requests that failed temporarily are repeated. `false`: they are not. */
  readonly retries?: RetryOptions | false;
  /** Positions of earlier writes, which queries wait for. `false`: queries do not wait. */
  readonly positions?: Positions | false;
}

/**
 * Creates a typed client of the API:
 * `const { data, error } = await client.POST('/orders', { body })`.
 * Its types are generated from the OpenAPI document: a request that the API does not have does not
 * compile. Every command gets an Idempotency-Key, unless it has one, and is repeated under that key
 * while the service or the network fails. Queries are repeated too, and see the client's writes.
 * @param options a key alone stands for `{ key }`.
 */
export function createOrdersClient(baseUrl: string, options: string | ClientOptions = {}): OrdersClient {
  const given: ClientOptions = typeof options === 'string' ? { key: options } : options;
  const { key, fetch: send = globalFetch, retries, positions = new Positions() } = given;
  const retrying = retries === false ? send : withRetries(send, retries);
  const client = createClient<paths, Json>({ baseUrl, fetch: retrying });
  if (key !== undefined) client.use(authorized(key));
  client.use(idempotent);
  if (positions !== false) client.use(readingOwnWrites(positions, retrying));
  return client;
}

/** The global `fetch`, as it is when a request is sent. */
export const globalFetch: Send = (request) => fetch(request);

/** Returns the header of a key that may be a function. */
export async function authorization(key: ClientOptions['key']): Promise<Record<string, string>> {
  const value = typeof key === 'function' ? await key() : key;
  return value === undefined ? {} : { authorization: `Bearer ${value}` };
}

function authorized(key: NonNullable<ClientOptions['key']>): Middleware {
  return {
    async onRequest({ request }) {
      for (const [name, value] of Object.entries(await authorization(key))) request.headers.set(name, value);
    },
  };
}

/** The paths of commands. A batch has keys in its lines. */
function isCommand(method: string, path: string): boolean {
  return method === 'POST' && path !== '/orders/batch' && /^\/orders(\/\{order_id\}\/\w+)?$/.test(path);
}

const idempotent: Middleware = {
  onRequest({ request, schemaPath }) {
    if (isCommand(request.method, schemaPath) && !request.headers.has('idempotency-key'))
      request.headers.set('Idempotency-Key', newIdempotencyKey());
  },
};

function readingOwnWrites(positions: Positions, send: Send): Middleware {
  const asked = new Set<string>();
  return {
    onRequest({ id, request, schemaPath, params }) {
      if (request.method !== 'GET' || !/^\/orders(\/|$)/.test(schemaPath) || schemaPath === '/orders/stream') return;
      const position = positions.for(params.path?.order_id as string | undefined);
      if (position === undefined || request.headers.has('min-event-position')) return;
      request.headers.set('Min-Event-Position', position);
      asked.add(id);
    },
    async onResponse({ id, request, response, schemaPath, params }) {
      const wasAsked = asked.delete(id);
      const position = response.headers.get('event-position');
      if (position !== null && isCommand(request.method, schemaPath))
        positions.note(orderIdOf(response, params.path?.order_id as string | undefined), position);
      if (!wasAsked || response.status !== 410) return undefined;
      // A restore has lost what this client wrote. The query gets what there is now.
      positions.clear();
      const again = new Request(request);
      again.headers.delete('min-event-position');
      return send(again);
    },
    onError({ id }) {
      asked.delete(id);
    },
  };
}

/** The order of a command: in its path, or in the Location of a placed order. */
function orderIdOf(response: Response, inPath: string | undefined): string | undefined {
  return inPath ?? response.headers.get('location')?.split('/').at(-1);
}
