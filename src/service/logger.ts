import { type Logger, pino } from 'pino';

/**
 * The log, on standard output: a JSON line an entry, or readable lines where that is a terminal. Of an error it takes what helps and nothing else: pg hangs the whole
 * connection onto its errors, the key that cancels its queries included.
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
