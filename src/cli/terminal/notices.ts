/**
 * Prints a message for the person at the terminal. It goes to standard error: standard output
 * belongs to the results of a command and to the log of the service.
 */
export function printNotice(message: string): void {
  process.stderr.write(`orders: ${message}\n`);
}
