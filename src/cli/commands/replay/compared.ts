import type { Difference } from '../../../projector/dry-run/entry-differences.js';
import type { Terminal } from '../../terminal/terminal.js';

/** Differences of one projection that a JSON document has; all of them are counted. */
const maxDifferencesInJson = 1_000;

/** A projection that was compared with the log, as JSON documents have it. */
export interface ComparedProjection {
  readonly projection: string;
  readonly generation: number;
  readonly compared_keys: number;
  readonly differences_total: number;
  readonly differences: readonly object[];
}

/**
 * Shows the differences between read models and the log: line by line as they are found, or as
 * parts of a JSON document. Differences lead to exit code 3.
 */
export class ComparisonView {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #totals = new Map<string, number>();
  readonly #kept = new Map<string, object[]>();
  readonly #compared: ComparedProjection[] = [];

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  add({ projection, partition, orderId, key, field, live, rebuilt }: Difference): void {
    const total = (this.#totals.get(projection) ?? 0) + 1;
    this.#totals.set(projection, total);
    if (!this.#json) {
      const where = [orderId ? `order ${orderId}` : key, field].filter(Boolean).join('  ');
      this.#terminal.print(`${projection}  ${where}  live ${live ?? 'nothing'}  rebuilt ${rebuilt ?? 'nothing'}`);
    } else if (total <= maxDifferencesInJson) {
      const kept = this.#kept.get(projection) ?? [];
      kept.push({ partition, key, order_id: orderId ?? null, field, live: live ?? null, rebuilt: rebuilt ?? null });
      this.#kept.set(projection, kept);
    }
  }

  /** Shows the result of one projection, all of whose differences were added. */
  end(projection: string, { compared, generation }: { readonly compared: number; readonly generation: number }): void {
    const total = this.#totals.get(projection) ?? 0;
    if (total > 0) this.#terminal.exitCode = 3;
    if (this.#json) {
      const differences = this.#kept.get(projection) ?? [];
      const counts = { compared_keys: compared, differences_total: total };
      this.#compared.push({ projection, generation, ...counts, differences });
      return;
    }
    const found = total === 0 ? 'no difference' : `${total.toLocaleString('en')} differences`;
    const keys = `${compared.toLocaleString('en')} keys`;
    this.#terminal.print(`${projection}: compared ${keys} with generation ${generation}, ${found}`);
  }

  /** The projections that have ended, for the JSON document. */
  documents(): readonly ComparedProjection[] {
    return this.#compared;
  }
}
