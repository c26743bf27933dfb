import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './schema.js';

/** Where an answer may also be text (CSV, a stream), `data` is the JSON one; `parseAs` chooses how it is read. */
type Json = 'application/json' | 'application/problem+json';

/**
 * A typed client of the API: `const { data, error } = await client.POST('/orders', { body: … })`. Its types are generated
 * from the OpenAPI document (npm run client), so that what is not in the API does not compile.
 * @param key an API key or a token; none where the service has no access control.
 */
export function createOrdersClient(baseUrl: string, key?: string): Client<paths, Json> {
  return createClient<paths, Json>({
    baseUrl,
    ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
  });
}
