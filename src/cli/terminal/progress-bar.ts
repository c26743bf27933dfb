const width = 28;
const redrawIntervalMs = 200;
const lineIntervalMs = 5_000;

/** Shows how far a long task is, on standard error: a bar in a terminal, elsewhere a line every few seconds. */
export class ProgressBar {
  readonly #unit: string;
  readonly #started = Date.now();
  readonly #startFraction: number;
  // The first drawing waits its turn too: a rate over a few milliseconds says nothing.
  #drawnAt = Date.now();

  /** @param unit what is counted, such as "lines". @param startFraction how much had been done before, 0 to 1. */
  constructor(unit: string, startFraction = 0) {
    this.#unit = unit;
    this.#startFraction = startFraction;
  }

  /** @param fraction how much is done, 0 to 1. @param count of how many, in this run. @param note what else is to be known. */
  update(fraction: number, count: number, note = ''): void {
    const now = Date.now();
    const terminal = process.stderr.isTTY;
    if (now - this.#drawnAt < (terminal ? redrawIntervalMs : lineIntervalMs)) return;
    this.#drawnAt = now;
    const text = `${this.#text(fraction, count)}${note && `  ${note}`}`;
    process.stderr.write(terminal ? `\r\x1b[2K${text}` : `${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  }

  elapsedSeconds(): number {
    return (Date.now() - this.#started) / 1000;
  }

  #text(fraction: number, count: number): string {
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
