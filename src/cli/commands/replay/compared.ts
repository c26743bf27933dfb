import type { Difference } from '../../../projector/dry-run/entry-differences.js';
import type { ComparedGeneration } from '../../../service/runs/dry-run.js';
import { KeptDifferences } from '../../../service/runs/kept-differences.js';
import { runLimits as limits } from '../../../service/runs/limits.js';
import type { Terminal } from '../../terminal/terminal.js';

/** A projection that was compared with the log, as JSON documents have it. */
export interface ComparedProjection {
  readonly projection: string;
  readonly generation: number;
  readonly compared_keys: number;
  readonly differences_total: number;
  /** false if there are more differences than were counted. */
  readonly is_complete: boolean;
  readonly differences: readonly object[];
}

/**
 * Shows the differences between read models and the log: line by line as they are found, or as
 * parts of a JSON document. Differences lead to exit code 3.
 */
export class ComparisonView {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  /** By projection. */
  readonly #kept = new Map<string, KeptDifferences>();
  readonly #compared: ComparedProjection[] = [];

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  add(difference: Difference): void {
    const { projection, orderId, key, field, live, rebuilt } = difference;
    this.#keptOf(projection).add(difference);
    if (this.#json) return;
    const where = [orderId ? `order ${orderId}` : key, field].filter(Boolean).join('  ');
    this.#terminal.print(`${projection}  ${where}  live ${live ?? 'nothing'}  rebuilt ${rebuilt ?? 'nothing'}`);
  }

  /** Shows the result of one projection, all of whose differences were added. */
  end(projection: string, { compared, generation, isComplete }: ComparedGeneration): void {
    const { total, differences } = this.#keptOf(projection);
    if (total > 0 || !isComplete) this.#terminal.exitCode = 3;
    if (this.#json) {
      const counts = { compared_keys: compared, differences_total: total, is_complete: isComplete };
      this.#compared.push({ projection, generation, ...counts, differences });
      return;
    }
    const number = `${isComplete ? '' : 'at least '}${total.toLocaleString('en')} differences`;
    const found = total === 0 && isComplete ? 'no difference' : number;
    const keys = `${compared.toLocaleString('en')} keys`;
    this.#terminal.print(`${projection}: compared ${keys} with generation ${generation}, ${found}`);
  }

  #keptOf(projection: string): KeptDifferences {
    // Without a JSON document, differences are counted alone.
    const kept = this.#kept.get(projection) ?? new KeptDifferences(this.#json ? limits.maxDifferencesInJson : 0);
    this.#kept.set(projection, kept);
    return kept;
  }

  /** The projections that have ended, for the JSON document. */
  documents(): readonly ComparedProjection[] {
    return this.#compared;
  }
}
