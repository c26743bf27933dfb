/** Characters of results that one command prints on a screen. */
export const maxScreenLength = 1_000_000;

/** The results of a command are too long for a person to read on a screen. */
export class TooLongForScreen extends Error {
  override readonly name = 'TooLongForScreen';

  constructor() {
    super('the result is longer than a million characters: send it to a file (> FILE) or to a pager (| less)');
  }
}

export interface ScreenLimit {
  /**
   * Counts a text that is printed. Throws TooLongForScreen once it is too much, so that the command
   * ends: a terminal that receives 50 MB is unusable for minutes.
   */
  count(text: string): void;
  /** Starts from zero: the screen was cleared. */
  reset(): void;
}

/** @param isScreen whether a person reads the output: files and pipes get everything. */
export function limitScreen(isScreen: boolean): ScreenLimit {
  let length = 0;
  return {
    count(text) {
      length += text.length;
      if (isScreen && length > maxScreenLength) throw new TooLongForScreen();
    },
    reset() {
      length = 0;
    },
  };
}
