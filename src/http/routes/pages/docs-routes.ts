import { openApiDocument } from '../../contract/openapi.js';
import { etagOf, respond } from '../../response/respond.js';
import type { AddRoute } from '../router.js';
import { respondWithPage } from './built-pages.js';

/** The OpenAPI document, and a page that shows it. The page loads nothing from other hosts. */
export function docsRoutes(route: AddRoute): void {
  const document = JSON.stringify(openApiDocument());
  const etag = etagOf(document);

  route('getOpenApi', (ctx) => respond(ctx, document, etag));
  route('getDocs', (ctx) => respondWithPage(ctx, 'reference.html'));
}
