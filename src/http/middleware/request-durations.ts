import { Histogram, type Registry } from 'prom-client';

export interface CompletedRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** Requests that are measured in a row. */
const maxPending = 512;

/**
 * The histogram of how long requests took. They are told to it many in a row, and whatever is left when it is asked: one by one,
 * between all that a request does, telling it took several times as long, up to a twentieth of a GET.
 */
export function createRequestDurations(registry: Registry): (request: CompletedRequest) => void {
  let pending: CompletedRequest[] = [];
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long requests took, by route and status.',
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
