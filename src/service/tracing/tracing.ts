import type { Span, Context as TraceContext, Tracer } from '@opentelemetry/api';
import type { TracingConfig } from '../../config.js';
import { projectVersion } from '../../project-path.js';

/** The part of OpenTelemetry that the service uses. */
export interface Tracing {
  readonly api: typeof import('@opentelemetry/api');
  readonly tracer: Tracer;
  /** Sends the spans that have ended, and ends the export. Never rejects. */
  close(): Promise<void>;
}

/**
 * Starts the export of traces by OTLP over HTTP. The packages are loaded only here: a service
 * without tracing neither loads nor calls any of them. The SDK reads further variables, such as
 * OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS, by itself.
 */
export async function openTracing({ url, serviceName }: TracingConfig): Promise<Tracing> {
  const [api, { NodeTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const version = projectVersion();
  // The provider is not registered: that would be global, and a process may run several services.
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  return {
    api,
    tracer: provider.getTracer('orders', version),
    close: () => provider.shutdown().catch(() => undefined),
  };
}

/**
 * Runs a task in a span of its own below a context. The span ends with the task, and has its error.
 */
export async function inSpan<T>(
  { api, tracer }: Pick<Tracing, 'api' | 'tracer'>,
  name: string,
  parent: TraceContext,
  task: (span: Span, context: TraceContext) => Promise<T>,
): Promise<T> {
  const span = tracer.startSpan(name, {}, parent);
  try {
    return await task(span, api.trace.setSpan(parent, span));
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: api.SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
