import type { ImportProgress } from '../../../import/import-progress.js';
import { importLimits } from '../../../import/limits.js';
import type { Warnings } from '../../../import/mapping/warnings.js';
import { listFiles } from '../../../import/rejected-records.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import type { Terminal } from '../../terminal/terminal.js';

/**
 * Shows the progress of an import. An import that continues an earlier one starts with that one's
 * records.
 */
export class ImportView {
  readonly #terminal: Terminal;
  readonly #file: string;
  readonly #bytes: number;
  readonly #unit: 'line' | 'order';
  #bar: ProgressBar | undefined;
  /** Records that an interrupted import has done. */
  #before = 0;
  readonly #rejections: { readonly line: number; readonly reason: string }[] = [];

  /**
   * @param imported bytes: of the file; unit: one record, as a word, a line or an order of several
   */
  constructor(
    terminal: Terminal,
    { file, bytes, unit }: { readonly file: string; readonly bytes: number; readonly unit: 'line' | 'order' },
  ) {
    this.#terminal = terminal;
    this.#file = file;
    this.#bytes = bytes;
    this.#unit = unit;
  }

  update(progress: ImportProgress): void {
    const records = countRecords(progress);
    const { bytes } = progress.position;
    if (!this.#bar) {
      this.#before = records;
      this.#bar = new ProgressBar(`${this.#unit}s`, this.#terminal, records > 0 ? bytes / this.#bytes : 0);
      if (records > 0)
        this.#terminal.notify(`continuing after ${formatCount(records)} ${this.#unit}s of an interrupted import`);
    }
    this.#bar.update(bytes / Math.max(this.#bytes, 1), records - this.#before);
  }

  /** Keeps the first reasons for the end, so that they do not disturb the bar. */
  reject(line: number, reason: string): void {
    if (this.#rejections.length < importLimits.maxShownRejections) this.#rejections.push({ line, reason });
  }

  end(): void {
    this.#bar?.end();
  }

  printResult(result: ImportProgress, dryRun: boolean): void {
    const files = listFiles(this.#file, dryRun);
    const seconds = this.#bar?.elapsedSeconds() ?? 0;
    const records = countRecords(result);
    const rate = Math.round((records - this.#before) / Math.max(seconds, 0.001));
    const { imported, alreadyThere, rejected, returns } = result;
    this.#terminal.print(
      `${formatCount(records)} ${this.#unit}s: ${formatCount(imported)} ${dryRun ? 'accepted' : 'imported'}, ${formatCount(alreadyThere)} already there, ` +
        `${formatCount(rejected)} rejected; ${seconds.toFixed(1)} s, ${formatCount(rate)} ${this.#unit}s/s`,
    );
    if (records === 0) this.#terminal.print('the file has no orders: it ends after its header, or is empty');
    if (returns > 0) this.#terminal.print(`${formatCount(returns)} returns are listed in ${files.returns}`);
    if (rejected === 0) return;
    for (const { line, reason } of this.#rejections) this.#terminal.print(`line ${line}: ${reason}`);
    this.#terminal.print(`the rejected ${this.#unit}s and the reasons are in ${files.rejected}`);
    this.#terminal.exitCode = 3;
  }

  /** The result as the JSON document has it. */
  documentOf(result: ImportProgress, dryRun: boolean): object {
    const { source, imported, alreadyThere: already_there, rejected, returns } = result;
    const files = listFiles(this.#file, dryRun);
    return {
      ...{ file: this.#file, source, unit: this.#unit, placed: !dryRun },
      ...{ imported, already_there, rejected, returns },
      seconds: Number((this.#bar?.elapsedSeconds() ?? 0).toFixed(1)),
      rejections: this.#rejections,
      rejected_file: rejected === 0 ? null : files.rejected,
      returns_file: returns === 0 ? null : files.returns,
    };
  }

  printWarnings(warnings: Warnings): void {
    for (const message of warnings.messages()) this.#terminal.print(`warning: ${message}`);
  }
}

function countRecords({ imported, alreadyThere, rejected, returns }: ImportProgress): number {
  return imported + alreadyThere + rejected + returns;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en');
}
