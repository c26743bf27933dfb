import type { StoredEvent } from '../../event-log/stored-event.js';
import type { AppliedStep } from '../../projector/steps/partition-steps.js';
import type { TraceAttempt } from '../../webhooks/attempt.js';
import { traceOf } from './trace-events.js';
import { inSpan, type Tracing } from './tracing.js';

/** Gives each attempt to deliver a traced event a span, and the receiver its `traceparent`. */
export function traceAttempts(tracing: Tracing): TraceAttempt {
  return (event, attempt) => {
    const parent = traceOf(tracing, event.metadata);
    if (!parent) return attempt({});
    return inSpan(tracing, 'webhook', parent, async (span) => {
      span.setAttributes(positionOf(event));
      const { traceId, spanId } = span.spanContext();
      const result = await attempt({ traceparent: `00-${traceId}-${spanId}-01` });
      span.setAttribute('orders.result', result.result);
      return result;
    });
  };
}

/**
 * Events of one step that get a span each. A projector that catches up must not flood the export.
 */
const maxTracedEvents = 100;

/** Gives each traced event of a small step a span in the trace of its request. */
export function traceStep(tracing: Tracing): (step: AppliedStep) => void {
  return ({ stored, seconds }) => {
    if (stored.length > maxTracedEvents) return;
    const endMs = Date.now();
    for (const event of stored) {
      const parent = traceOf(tracing, event.metadata);
      if (!parent) continue;
      const span = tracing.tracer.startSpan('projection step', { startTime: endMs - seconds * 1000 }, parent);
      span.setAttributes({ ...positionOf(event), 'orders.step_events': stored.length });
      span.end(endMs);
    }
  };
}

function positionOf({ partition, position, type }: StoredEvent) {
  return { 'orders.partition': partition, 'orders.position': position, 'orders.event': type };
}
