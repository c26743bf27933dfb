import { metricsProjection } from './metrics.js';
import { orderHistoryProjection } from './order-history.js';
import { orderStatusProjection } from './order-status.js';
import type { Projection } from './projection.js';

/** All projections of the service. A new one is a file beside these and a line here: docs/new-projection.md. */
// A projection's state is its own business: the runtime only carries it from `load` to `fold`.
export const allProjections = [
  orderStatusProjection,
  orderHistoryProjection,
  metricsProjection,
] as readonly Projection[];
