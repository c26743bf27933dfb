import { copiedChainHash, genesisHash } from '../event-log/hash-chain.js';
import type { CopiedEvent } from '../event-log/read/copied-event.js';
import { leafHash, nodeHash, rootOf } from './merkle-tree.js';

/** What names an event to people. */
export interface EventName {
  readonly type: string;
  readonly orderId: string;
  readonly version: number;
}

/** Where a partition's chain does not hold: an event that is not there, or one that is not what its hash says. */
export type Break =
  | { readonly reason: 'missing'; readonly nextPosition: number }
  | { readonly reason: 'altered'; readonly event: EventName };

/** The log up to a position: the hash of the event there, and the root of the Merkle tree over all events up to it. */
export interface Mark {
  readonly hash: Buffer;
  readonly root: Buffer;
}

/** Recomputes the chain of a partition, event by event, until it breaks. */
export class PartitionScan {
  /** Up to where the chain holds, and the hash there. */
  position = 0;
  hash: Buffer = genesisHash;
  break: Break | undefined;
  readonly marks = new Map<number, Mark>();
  readonly #markAt: ReadonlySet<number>;
  readonly #treeUpTo: number;
  readonly #tree = new TreeBuilder();

  /** @param markAt positions of which the mark is wanted. The tree costs more than the chain: it is computed only as far as these. */
  constructor(markAt: readonly number[]) {
    this.#markAt = new Set(markAt);
    this.#treeUpTo = Math.max(0, ...markAt);
  }

  readonly see = (event: CopiedEvent): void => {
    if (this.break) return;
    const position = this.position + 1;
    if (event.position !== position) {
      this.break = { reason: 'missing', nextPosition: event.position };
      return;
    }
    const hash = copiedChainHash(this.hash, event);
    if (hash.compare(event.bytes, event.hash.start, event.hash.end) !== 0) {
      const { type, orderId, version } = event;
      this.break = { reason: 'altered', event: { type, orderId, version } };
      return;
    }
    this.position = position;
    this.hash = hash;
    if (position <= this.#treeUpTo) this.#tree.add(hash);
    if (this.#markAt.has(position)) this.marks.set(position, { hash, root: this.#tree.root() });
  };
}

/** Computes a root leaf by leaf with one hash a level in memory: the mountain range of complete subtrees so far. */
class TreeBuilder {
  /** Roots of complete subtrees, from large to small, with their sizes. */
  readonly #peaks: { size: number; hash: Buffer }[] = [];

  add(eventHash: Buffer): void {
    let peak = { size: 1, hash: leafHash(eventHash) };
    for (let last = this.#peaks.at(-1); last?.size === peak.size; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { size: peak.size * 2, hash: nodeHash(last.hash, peak.hash) };
    }
    this.#peaks.push(peak);
  }

  root(): Buffer {
    const hashes = this.#peaks.map(({ hash }) => hash);
    return hashes.length === 0 ? rootOf([]) : hashes.reduceRight((right, left) => nodeHash(left, right));
  }
}
