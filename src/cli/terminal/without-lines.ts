import type { Terminal } from './terminal.js';

/**
 * The terminal of a command whose result is one JSON document: the lines for a person are left out.
 * Messages, questions, progress and the exit code are those of the terminal.
 */
export function withoutLines(terminal: Terminal): Terminal {
  return {
    ...terminal,
    print: () => undefined,
    get columns() {
      return terminal.columns;
    },
    get exitCode() {
      return terminal.exitCode;
    },
    set exitCode(code) {
      terminal.exitCode = code;
    },
  };
}
