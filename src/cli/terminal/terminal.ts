import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { DestinationStream } from 'pino';
import type { Environment } from '../../environment.js';
import { drained } from './drained.js';
import { logMessages } from './log-messages.js';
import { limitScreen } from './screen-limit.js';
import { visible } from './visible.js';

/** The environment of a command: its input besides the arguments, and where its output goes. */
export interface Terminal {
  /** The command as it was called, without its options, such as "orders status". */
  readonly command: string;
  readonly env: Environment;
  /** The columns of the screen that shows the results; undefined in a file or a pipe. */
  readonly columns?: number | undefined;
  /**
   * Prints a line of the command's results, to standard output. On a screen, throws
   * TooLongForScreen after a million characters.
   */
  print(line: string): void;
  /**
   * Writes results as fast as they are read.
   * @returns false once the reader of standard output has closed it
   */
  write(text: string): Promise<boolean>;
  /**
   * Clears the screen before the results are printed again. Does nothing for a file or a pipe,
   * which keeps all of them.
   */
  clear(): void;
  /** Prints a message for the person at the terminal, to standard error. */
  notify(message: string): void;
  /**
   * Asks the person at the terminal to type a text.
   * @returns what was typed; undefined if nobody is at the terminal, as in a script
   */
  ask(question: string): Promise<string | undefined>;
  /** Standard error, for progress bars. They are animated only on a screen. */
  readonly progress: { readonly isScreen: boolean; write(text: string): void };
  /** Takes the lines of a command's log. */
  readonly logDestination: DestinationStream;
  /** The exit code once the command has ended. */
  exitCode: number;
}

/** Moves the cursor of a terminal to the first line, and clears what follows. */
const clearScreen = '\x1b[H\x1b[J';

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  const { count, reset } = limitScreen(stdout.isTTY);
  const notify = (message: string) => {
    stderr.write(`orders: ${stderr.isTTY ? visible(message) : message}\n`);
  };
  return {
    command: `orders ${process.argv[2] ?? ''}`.trimEnd(),
    env: process.env,
    get columns() {
      return stdout.isTTY ? stdout.columns : undefined;
    },
    print(line) {
      count(line);
      stdout.write(`${stdout.isTTY ? visible(line) : line}\n`);
    },
    async write(text) {
      count(text);
      if (!stdout.writable) return false;
      if (!stdout.write(stdout.isTTY ? visible(text) : text)) await drained(stdout);
      return stdout.writable;
    },
    clear() {
      reset();
      if (stdout.isTTY) stdout.write(clearScreen);
    },
    notify,
    async ask(question) {
      if (!process.stdin.isTTY || !stderr.isTTY) return undefined;
      const lines = createInterface({ input: process.stdin, output: stderr });
      try {
        // Ctrl-C and Ctrl-D close the input; the question would then wait for ever.
        return await Promise.race([lines.question(visible(question)), once(lines, 'close').then(() => '')]);
      } finally {
        lines.close();
      }
    },
    progress: { isScreen: stderr.isTTY, write: (text) => stderr.write(text) },
    logDestination: logMessages(notify),
    get exitCode() {
      return Number(process.exitCode ?? 0);
    },
    set exitCode(code) {
      process.exitCode = code;
    },
  };
}
