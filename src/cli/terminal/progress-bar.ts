import type { Terminal } from './terminal.js';

const width = 28;
const redrawIntervalMs = 200;
const lineIntervalMs = 5_000;

/**
 * Shows the progress of a long task on standard error: a bar if that is a terminal, otherwise a
 * line every few seconds.
 */
export class ProgressBar {
  readonly #unit: string;
  readonly #progress: Terminal['progress'];
  readonly #startedMs = performance.now();
  readonly #startFraction: number;
  // The first drawing waits for an interval too: a rate over a few milliseconds means nothing.
  #drawnMs = performance.now();

  /**
   * @param unit what is counted, such as "lines".
   * @param startFraction the part that an earlier run has done, from 0 to 1.
   */
  constructor(unit: string, { progress }: Pick<Terminal, 'progress'>, startFraction = 0) {
    this.#unit = unit;
    this.#progress = progress;
    this.#startFraction = startFraction;
  }

  /**
   * @param fraction the part that is done, from 0 to 1.
   * @param count how many units this run has done.
   * @param note is shown behind the bar.
   */
  update(fraction: number, count: number, note = ''): void {
    const now = performance.now();
    const { isScreen } = this.#progress;
    if (now - this.#drawnMs < (isScreen ? redrawIntervalMs : lineIntervalMs)) return;
    this.#drawnMs = now;
    const text = `${this.#text(fraction, count)}${note && `  ${note}`}`;
    this.#progress.write(isScreen ? `\r\x1b[2K${text}` : `${text}\n`);
  }

  /** Removes the bar from the terminal. */
  end(): void {
    if (this.#progress.isScreen) this.#progress.write('\r\x1b[2K');
  }

  elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  #text(given: number, count: number): string {
    // A task may do more than it knew of at its start: the file that it reads may have grown.
    const fraction = Math.min(1, given);
    const seconds = this.elapsedSeconds();
    const done = Math.round(fraction * width);
    const advanced = fraction - this.#startFraction;
    const left = advanced > 0 ? Math.ceil((seconds * (1 - fraction)) / advanced) : undefined;
    const rate = Math.round(count / Math.max(seconds, 0.001)).toLocaleString('en');
    return (
      `${'█'.repeat(done)}${'░'.repeat(width - done)} ${Math.floor(fraction * 100)} %  ` +
      `${count.toLocaleString('en')} ${this.#unit}  ${rate}/s${left === undefined ? '' : `  ${duration(left)} left`}`
    );
  }
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
