/**
 * Ends the process after an error that nothing has caught, and shows only its stack. Node would
 * show all properties, which may be secret: pg attaches the whole connection to its errors, and
 * ioredis the command with its arguments.
 */
export function reportUncaught(notify: (message: string) => void): void {
  process.on('uncaughtException', (error: unknown) => {
    notify(`unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  });
}
