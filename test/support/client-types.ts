import openapiTypes, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { openApiDocument } from '../../src/http/contract/openapi.js';

/** The text of client/schema.d.ts: the types of the API as openapi-typescript makes them. */
export async function clientTypes(): Promise<string> {
  const document = JSON.parse(JSON.stringify(openApiDocument())) as OpenAPI3;
  return `// Generated from the OpenAPI document by npm run client.\n${astToString(await openapiTypes(document))}`;
}
