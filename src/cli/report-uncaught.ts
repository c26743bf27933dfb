/**
 * Lets the process end with the stack of an error that nothing has caught, and with no other
 * property of it. Node would show them all: pg attaches the whole connection to its errors, and
 * ioredis the command with its arguments.
 */
export function reportUncaught(notify: (message: string) => void): void {
  process.on('uncaughtException', (error: unknown) => {
    notify(`unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  });
}
