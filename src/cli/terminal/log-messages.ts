import type { DestinationStream } from 'pino';

/**
 * Takes the lines of a command's log, and shows each as one message: the person at the terminal
 * needs its text and the error's, not the stack.
 */
export function logMessages(notify: (message: string) => void): DestinationStream {
  return {
    write(line) {
      // Only pino writes these lines.
      const {
        msg = '',
        err,
        error,
      } = JSON.parse(line) as {
        readonly msg?: string;
        readonly err?: { readonly message?: string };
        readonly error?: string;
      };
      const reason = err?.message ?? error;
      notify(reason === undefined ? msg : `${msg} (${reason})`);
    },
  };
}
