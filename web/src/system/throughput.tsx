import { useRef } from 'preact/hooks';
import { download } from '../api/client.js';
import { useResource } from '../api/resource.js';
import { bytes, count } from '../format/numbers.js';
import { duration } from '../format/time.js';
import { Card, Facts } from '../ui/card.js';
import { Shown } from '../ui/states.js';
import { parseMetrics, type Sample, sumOf } from './prometheus.js';

type Metrics = ReadonlyMap<string, readonly Sample[]>;

interface Reading {
  readonly at: number;
  readonly metrics: Metrics;
}

const pollMs = 3_000;

/** Throughput, latency and queues of the process that responds, from its own metrics. */
export function Throughput() {
  const before = useRef<Reading | undefined>(undefined);
  const latest = useRef<Reading | undefined>(undefined);
  const metrics = useResource(
    'metrics',
    async () => {
      const text = await (await download('/metrics', 'text/plain', 'low')).text();
      before.current = latest.current;
      latest.current = { at: Date.now(), metrics: parseMetrics(text) };
      return latest.current;
    },
    pollMs,
  );
  return (
    <Card title="This process">
      <Shown resource={metrics} lines={17}>
        {(now) => <Facts facts={facts(now, before.current)} />}
      </Shown>
    </Card>
  );
}

function facts(now: Reading, before: Reading | undefined): (readonly [string, string])[] {
  const { metrics } = now;
  const rate = (name: string) => {
    if (!before) return 'measuring';
    const seconds = (now.at - before.at) / 1000;
    return `${count(Math.max(0, sumOf(metrics, name) - sumOf(before.metrics, name)) / seconds)}/s`;
  };
  const queued = sumOf(metrics, 'orders_appends_queued');
  return [
    ['Requests', rate('http_request_duration_seconds_count')],
    ['Time of a request, mean', mean(now, before, 'http_request_duration_seconds')],
    ['Events appended', rate('orders_append_call_events_sum')],
    ['Time of an append, mean', mean(now, before, 'orders_append_call_duration_seconds')],
    ['Appends waiting', count(queued)],
    ['Requests in flight', count(sumOf(metrics, 'orders_requests_in_flight'))],
    ['Requests rejected for load', count(sumOf(metrics, 'orders_requests_shed_total'))],
    ['Readers of streams', count(sumOf(metrics, 'orders_event_streams'))],
    ['Partitions owned', count(sumOf(metrics, 'orders_projector_owned_partitions'))],
    ['Delay of the event loop, 99\u00a0%', duration(sumOf(metrics, 'nodejs_eventloop_lag_p99_seconds'))],
    ['Memory', bytes(sumOf(metrics, 'process_resident_memory_bytes'))],
  ];
}

/** The mean of a histogram since the reading before; over all time if nothing came since. */
function mean({ metrics }: Reading, before: Reading | undefined, name: string): string {
  const over = (past: Metrics | undefined) => {
    const [sum, times] = [`${name}_sum`, `${name}_count`].map(
      (one) => sumOf(metrics, one) - (past ? sumOf(past, one) : 0),
    );
    return times ? (sum ?? 0) / times : undefined;
  };
  const seconds = over(before?.metrics) ?? over(undefined);
  return seconds === undefined ? 'none yet' : duration(seconds);
}
