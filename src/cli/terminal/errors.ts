/** Wrong arguments or settings. The message says what is wrong, or shows the usage. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** An argument is missing or wrong: a sentence that says which, above the usage of the command. */
export function wrongCall(problem: string, usage: string): UsageError {
  return new UsageError(`${problem}\n\n${usage}`);
}

/**
 * The message of an error, without its stack. If connecting to several addresses fails, Node
 * throws one AggregateError without a message of its own: its errors hold the messages.
 */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorMessage).join('; ');
  return error instanceof Error ? error.message : String(error);
}
