import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { openLogOutput } from './log-output.js';

/**
 * The log of the service: one JSON object per line, or readable lines if it goes to standard output
 * and that is a terminal. Errors are reduced by `errorForLog`.
 * @param destination by default, standard output
 */
export async function createLogger(level: string, destination?: DestinationStream): Promise<Logger> {
  if (destination || !process.stdout.isTTY) return createJsonLogger(level, destination ?? openLogOutput());
  const { default: pretty } = await import('pino-pretty');
  const readable = pretty({ ignore: 'pid,hostname,service', translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
  return createJsonLogger(level, readable);
}

/** @param destination takes one JSON object per line */
export function createJsonLogger(level: string, destination: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: { service: 'orders' },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorForLog },
  };
  return pino(options, destination);
}

/** JSON.parse quotes the text that it cannot parse, which may be personal data. */
function withoutExcerpt(text: string): string {
  if (!text.includes(' is not valid JSON')) return text;
  return text.replace(/(?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON/s, 'a text is not valid JSON');
}

/** An error as the log has it. */
interface LoggedError {
  readonly name?: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string | undefined;
  readonly cause?: LoggedError;
}

/**
 * The name, message, code, stack and cause of an error. Other properties are dropped: pg attaches
 * the whole connection to its errors, including the secret that cancels its queries.
 */
export function errorForLog(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, cause } = error;
  // The failure to connect to all addresses of a name has no message of its own.
  const all = error instanceof AggregateError ? error.errors.map((one) => errorForLog(one).message) : [];
  const message = withoutExcerpt(error.message || all.join('; '));
  const stack = error.stack && withoutExcerpt(error.stack);
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    stack,
    ...(cause ? { cause: errorForLog(cause) } : {}),
  };
}
