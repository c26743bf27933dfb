import { sha256 } from '../event-log/hash-chain.js';

/**
 * The Merkle tree of RFC 6962, section 2.1, over a partition's events in position order. A leaf's data is the event's
 * chain hash (32 bytes). docs/audit.md spells it out, with test vectors.
 */

/** The tree over no event: SHA-256 of nothing. */
export const emptyTreeHash: Buffer = sha256(Buffer.alloc(0));

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

export function leafHash(eventHash: Buffer): Buffer {
  return sha256(Buffer.concat([leafPrefix, eventHash]));
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([nodePrefix, left, right]));
}

/** The largest power of two smaller than n (n > 1): where RFC 6962 splits a tree of n leaves. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The root over these subtrees or leaves, all of one size and in order; the last may stand alone on its way up. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return emptyTreeHash;
  const [only] = hashes;
  if (hashes.length === 1 && only) return only;
  const k = splitPoint(hashes.length);
  return nodeHash(rootOf(hashes.slice(0, k)), rootOf(hashes.slice(k)));
}

/**
 * Whether a leaf is in a tree: RFC 9162, section 2.1.3.2.
 * @param index of the leaf, from 0: the event's position − 1.
 * @param path the hashes beside the way from the leaf up to the root.
 */
export function isIncluded(leaf: Buffer, index: number, size: number, path: readonly Buffer[], root: Buffer): boolean {
  if (index < 0 || index >= size) return false;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hash.equals(root);
}
