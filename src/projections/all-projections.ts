import { metricsProjection } from './metrics.js';
import { orderHistoryProjection } from './order-history.js';
import { orderLookupProjection } from './order-lookup.js';
import { orderStatusProjection } from './order-status.js';
import type { Projection } from './projection.js';

/**
 * All projections of the service. A new one takes a file beside these and a line here, see
 * docs/new-projection.md. The runtime does not look at the state of a projection, it only hands it
 * from `load` to `project`, so the list may hide the type of each state.
 */
export const allProjections = [
  orderStatusProjection,
  orderHistoryProjection,
  metricsProjection,
  orderLookupProjection,
] as readonly Projection[];

/** Throws an Error if there is no projection of this name. */
export function projectionNamed(name: string): Projection {
  const found = allProjections.find((projection) => projection.name === name);
  if (!found) throw new Error(`there is no projection ${name}`);
  return found;
}
