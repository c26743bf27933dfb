import type { Difference } from '../../projector/dry-run/entry-differences.js';
import { runLimits as limits } from './limits.js';

/** A difference as it is kept, and as JSON documents have it. */
export interface KeptDifference {
  readonly partition: number;
  readonly key: string;
  readonly order_id: string | null;
  readonly field: string;
  readonly live: string | null;
  readonly rebuilt: string | null;
}

/**
 * The first differences that a comparison reports, and the number of all of them. Long texts are
 * cut, so that the memory is bounded whatever the read models have.
 */
export class KeptDifferences {
  readonly differences: KeptDifference[] = [];
  readonly #max: number;
  #total = 0;

  /** @param max differences that are kept. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The number of differences, with those that are not kept. */
  get total(): number {
    return this.#total;
  }

  add({ partition, key, orderId, field, live, rebuilt }: Difference): void {
    this.#total += 1;
    if (this.differences.length >= this.#max) return;
    this.differences.push({
      partition,
      key: cut(key),
      order_id: orderId ?? null,
      field: cut(field),
      live: live === undefined ? null : cut(live),
      rebuilt: rebuilt === undefined ? null : cut(rebuilt),
    });
  }
}

function cut(text: string): string {
  if (text.length <= limits.maxKeptTextLength) return text;
  // A slice would keep the whole text in memory, and so would a text that is joined from one.
  const copied = Buffer.from(text.slice(0, limits.maxKeptTextLength), 'utf16le').toString('utf16le');
  return `${copied}…`;
}
