import { Counter, Histogram, type Registry } from 'prom-client';

export interface CompletedRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** Requests that are observed together. */
const maxPending = 512;

/** Observes requests that have ended. */
export interface RequestObserver {
  request(request: CompletedRequest): void;
  /** A stream or a batch, whose duration the client chooses. */
  stream(request: CompletedRequest): void;
}

/**
 * The histograms of request durations, those of streams apart. Requests are observed in groups of
 * `maxPending`, the remaining ones when the histogram is scraped. Observing each request as it ends
 * takes several times as long: up to a twentieth of a GET.
 */
export function createRequestDurations(registry: Registry): RequestObserver {
  let pending: CompletedRequest[] = [];
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of requests in seconds, by method, route and status; without streams and batches.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
    collect: () => observePending(),
  });
  const observePending = () => {
    for (const { method, route, status, seconds } of pending) histogram.observe({ method, route, status }, seconds);
    pending = [];
  };
  const streams = new Histogram({
    name: 'http_stream_duration_seconds',
    help: 'Duration of event streams and batches in seconds, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [1, 10, 60, 600, 3600, 36_000],
    registers: [registry],
  });
  return {
    request(request) {
      pending.push(request);
      if (pending.length >= maxPending) observePending();
    },
    stream: ({ method, route, status, seconds }) => streams.observe({ method, route, status }, seconds),
  };
}

/** Registers a counter of problems. @returns a function that counts one by its type. */
export function countProblems(registry: Registry): (type: string) => void {
  const counter = new Counter({
    name: 'orders_problems_total',
    help: 'Responses with a problem, by type: limits that were hit, conflicts, failures. Shed requests are apart.',
    labelNames: ['type'],
    registers: [registry],
  });
  return (type) => counter.inc({ type: type.slice(type.lastIndexOf('/') + 1) });
}
