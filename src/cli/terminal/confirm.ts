import { UsageError } from './errors.js';
import type { Terminal } from './terminal.js';

/**
 * Asks before something that cannot be undone. Throws a UsageError unless the answer is yes; a
 * script has to pass `--yes`.
 * @param what a sentence that says what would be lost.
 */
export async function confirm(terminal: Terminal, what: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  const answer = await terminal.ask(`${what} Type "yes" to continue: `);
  if (answer === undefined) throw new UsageError(`${what} Add --yes to do it without being asked.`);
  if (answer.trim() !== 'yes') throw new UsageError('nothing was done');
}

/**
 * Asks at a terminal, but not in a script: an unattended restore has to complete its last step,
 * too. Throws a UsageError unless the answer is yes.
 */
export async function confirmAtTerminal(terminal: Terminal, what: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  const answer = await terminal.ask(`${what} Type "yes" to continue: `);
  if (answer !== undefined && answer.trim() !== 'yes') throw new UsageError('nothing was done');
}
