import type { Context as TraceContext } from '@opentelemetry/api';
import type { EventMetadata } from '../../orders/events.js';
import type { Tracing } from './tracing.js';

const traceId = /^[\da-f]{32}$/;
const spanId = /^[\da-f]{16}$/;

/**
 * The trace that an event belongs to: its metadata hold the trace's id as `correlation_id`, and the
 * span of the request as `causation_id`, as they do for every request with a `traceparent`.
 * Undefined if the event belongs to none.
 */
export function traceOf({ api }: Pick<Tracing, 'api'>, metadata: string): TraceContext | undefined {
  if (!metadata.includes('"causation_id"')) return undefined;
  const { correlation_id, causation_id } = JSON.parse(metadata) as EventMetadata;
  if (!traceId.test(correlation_id ?? '') || !spanId.test(causation_id ?? '')) return undefined;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, {
    traceId: String(correlation_id),
    spanId: String(causation_id),
    traceFlags: api.TraceFlags.SAMPLED,
    isRemote: true,
  });
}
