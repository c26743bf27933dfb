import { Histogram, type Registry } from 'prom-client';

export interface CompletedRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** Requests that are observed together. */
const maxPending = 512;

/**
 * The histogram of request durations. They are observed in groups of `maxPending`, the remaining
 * ones when the histogram is scraped. Observing each request as it ends takes several times as
 * long: up to a twentieth of a GET.
 */
export function createRequestDurations(registry: Registry): (request: CompletedRequest) => void {
  let pending: CompletedRequest[] = [];
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of requests in seconds, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
    collect: () => observePending(),
  });
  const observePending = () => {
    for (const { method, route, status, seconds } of pending) histogram.observe({ method, route, status }, seconds);
    pending = [];
  };
  return (request) => {
    pending.push(request);
    if (pending.length >= maxPending) observePending();
  };
}
