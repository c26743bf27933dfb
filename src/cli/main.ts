import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { loadEnvFile } from './env-file.js';
import { reportUncaught } from './report-uncaught.js';
import { runCommand } from './run-command.js';
import { errorMessage } from './terminal/errors.js';
import { exitCodeOf } from './terminal/exit-codes.js';
import { processTerminal } from './terminal/terminal.js';

/** Time in ms that one address of a server's name gets to accept a connection. */
const addressTimeoutMs = 2_500;

/**
 * Time in ms for the last output of a command that has ended. Then the process exits, even if a
 * connection to an unreachable server is still open.
 */
const exitTimeoutMs = 1_000;

/** The first failure to write results. */
let outputError: string | undefined;

// A name may have several addresses. Node gives each only 250 ms to accept a connection, and then
// reports that all failed: too little for another continent, or for a busy server.
setDefaultAutoSelectFamilyAttemptTimeout(addressTimeoutMs);
const terminal = processTerminal();
reportUncaught(terminal.notify);
// A reader of standard output (head, less, a log collector) may close it early. A write then fails;
// that must neither end the service nor keep a command from finishing properly. A full disk,
// though, loses results.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || outputError !== undefined) return;
  outputError = error.message;
  terminal.notify(`the results could not be written: ${outputError}`);
});
// Messages have nowhere to go once the reader of standard error, or the terminal, is gone. The
// service must then still stop as a signal asks for.
process.stderr.on('error', () => undefined);
try {
  loadEnvFile();
  await runCommand(process.argv.slice(2), terminal);
} catch (error) {
  terminal.notify(errorMessage(error));
  terminal.exitCode = exitCodeOf(error);
}
process.on('exit', () => {
  if (outputError !== undefined && process.exitCode !== 2) process.exitCode = 1;
});
setTimeout(() => process.exit(), exitTimeoutMs).unref();
