import { type Logger, pino } from 'pino';

/**
 * The log: a JSON line an entry, on standard output. Of an error it takes what helps and nothing else: pg hangs the whole
 * connection onto its errors, the key that cancels its queries included.
 */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: { service: 'orders' },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorForLog },
  });
}

export function errorForLog(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    stack,
    ...(cause ? { cause: errorForLog(cause) } : {}),
  };
}
