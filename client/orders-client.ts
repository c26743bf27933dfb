import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './schema.js';

/** The media types of `data`. To read a response as text (CSV, a stream), set `parseAs`. */
type Json = 'application/json' | 'application/problem+json';

/**
 * Creates a typed client of the API:
 * `const { data, error } = await client.POST('/orders', { body })`.
 * Its types are generated from the OpenAPI document (npm run client): a request that the API does
 * not have does not compile.
 * @param key an API key or a token. Not needed while access control is off.
 */
export function createOrdersClient(baseUrl: string, key?: string): Client<paths, Json> {
  return createClient<paths, Json>({
    baseUrl,
    ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
  });
}
