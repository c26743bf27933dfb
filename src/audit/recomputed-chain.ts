import { copiedChainHash, genesisHash } from '../event-log/hash-chain.js';
import type { CopiedEvent } from '../event-log/read/copied-event.js';
import { leafHash, nodeHash, rootOf } from './merkle-tree.js';

/** The fields by which a finding names an event. */
export interface EventName {
  readonly type: string;
  readonly orderId: string;
  readonly version: number;
}

/** Why a partition's chain breaks: an event is missing, or an event does not match its hash. */
export type ChainBreak =
  | { readonly reason: 'missing'; readonly nextPosition: number }
  | { readonly reason: 'altered'; readonly event: EventName };

/**
 * Sums up the log up to a position: that event's hash, and the root of the Merkle tree up to it.
 */
export interface LogDigest {
  readonly hash: Buffer;
  readonly root: Buffer;
}

/** Recomputes the hash chain of one partition, event by event, until it breaks. */
export class RecomputedChain {
  /** The last position up to which the chain holds, and the hash there. */
  position = 0;
  hash: Buffer = genesisHash;
  break: ChainBreak | undefined;
  /** The first position whose recorded_at is before that of the event before it. */
  clockWentBackAt: number | undefined;
  #recordedMs = Number.NEGATIVE_INFINITY;
  /**
   * By position: the digests that the constructor was asked for, once the chain has reached them.
   */
  readonly digests = new Map<number, LogDigest>();
  readonly #digestsAt: ReadonlySet<number>;
  readonly #clockResets: ReadonlySet<number>;
  readonly #treeUpTo: number;
  readonly #tree = new TreeBuilder();

  /**
   * @param digestsAt the positions to compute a digest for. The tree costs more than the chain, so
   * it is computed only up to the last of these.
   * @param clockResets positions after which an operator let recorded_at step back once.
   */
  constructor(digestsAt: readonly number[], clockResets: Iterable<number> = []) {
    this.#clockResets = new Set(clockResets);
    this.#digestsAt = new Set(digestsAt);
    this.#treeUpTo = Math.max(0, ...digestsAt);
  }

  readonly add = (event: CopiedEvent): void => {
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
    if (event.recordedMs < this.#recordedMs && !this.#clockResets.has(this.position)) this.clockWentBackAt ??= position;
    this.#recordedMs = event.recordedMs;
    this.position = position;
    this.hash = hash;
    if (position <= this.#treeUpTo) this.#tree.add(hash);
    if (this.#digestsAt.has(position)) this.digests.set(position, { hash, root: this.#tree.root() });
  };
}

/**
 * Computes a Merkle root leaf by leaf. It holds one hash per level in memory: the roots of the
 * complete subtrees so far (a Merkle mountain range).
 */
class TreeBuilder {
  /** The roots of the complete subtrees with their sizes, largest first. */
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
