import { openApiDocument } from '../../contract/openapi.js';
import { etagOf, respond } from '../../response/respond.js';
import type { AddRoute } from '../router.js';
import { respondWithPage } from './built-pages.js';

/**
 * The OpenAPI document, and a page that shows it. The page loads nothing from other hosts.
 * @param build makes the document, at the first request for it: that takes some 100 ms, which the
 * start of a process need not wait for.
 */
export function docsRoutes(route: AddRoute, build: () => object = openApiDocument): void {
  let built: { readonly document: string; readonly etag: string } | undefined;

  route('getOpenApi', (ctx) => {
    built ??= withEtag(JSON.stringify(build()));
    respond(ctx, built.document, built.etag);
  });
  route('getDocs', (ctx) => respondWithPage(ctx, 'reference.html'));
}

function withEtag(document: string) {
  return { document, etag: etagOf(document) };
}
