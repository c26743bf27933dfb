import { type Logger, pino } from 'pino';

/**
 * The log of the service on standard output: one JSON object per line, or readable lines if
 * standard output is a terminal. Errors are reduced by `errorForLog`.
 */
export async function createLogger(level: string): Promise<Logger> {
  const options = {
    level,
    base: { service: 'orders' },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorForLog },
  };
  if (!process.stdout.isTTY) return pino(options);
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ ignore: 'pid,hostname,service', translateTime: 'SYS:HH:MM:ss.l', singleLine: true }));
}

/**
 * The name, message, code, stack and cause of an error. Other properties are dropped: pg attaches
 * the whole connection to its errors, including the secret that cancels its queries.
 */
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
