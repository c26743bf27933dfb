import { sha256 } from '../event-log/hash-chain.js';

/**
 * Implements the Merkle tree of RFC 6962, section 2.1, over a partition's events by position. A
 * leaf's data is the event's chain hash (32 bytes). docs/audit.md has the details and test vectors.
 */

/** The root of the tree without events: SHA-256 of the empty string. */
export const emptyTreeHash: Buffer = sha256(Buffer.alloc(0));

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

export function leafHash(eventHash: Buffer): Buffer {
  return sha256(Buffer.concat([leafPrefix, eventHash]));
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([nodePrefix, left, right]));
}

/** The largest power of two below n (n > 1). RFC 6962 splits a tree of n leaves there. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Computes the root over leaves, or over complete subtrees of one size, in order. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return emptyTreeHash;
  const [only] = hashes;
  if (hashes.length === 1 && only) return only;
  const k = splitPoint(hashes.length);
  return nodeHash(rootOf(hashes.slice(0, k)), rootOf(hashes.slice(k)));
}

/**
 * Checks that a leaf is in a tree, as RFC 9162, section 2.1.3.2 describes.
 * @param index the leaf's index from 0: the event's position − 1.
 * @param size the number of leaves.
 * @param path the sibling hashes on the way from the leaf to the root.
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

/**
 * Checks that a tree begins with the leaves of a smaller one, as RFC 9162, section 2.1.4.2
 * describes.
 * @param first the number of leaves of the smaller tree.
 * @param second the number of leaves of the larger tree.
 */
export function isConsistent(
  first: number,
  second: number,
  path: readonly Buffer[],
  roots: { readonly first: Buffer; readonly second: Buffer },
): boolean {
  if (first > second) return false;
  if (first === second) return path.length === 0 && roots.first.equals(roots.second);
  // Every tree begins with the empty one.
  if (first === 0) return path.length === 0 && roots.first.equals(emptyTreeHash);
  let node = first - 1;
  let last = second - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  // The path of a first tree that is a complete subtree does not repeat its root.
  const [start, ...others] = node === 0 ? [roots.first, ...path] : path;
  if (start === undefined) return false;
  let [firstHash, secondHash] = [start, start];
  for (const hash of others) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      firstHash = nodeHash(hash, firstHash);
      secondHash = nodeHash(hash, secondHash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      secondHash = nodeHash(secondHash, hash);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && firstHash.equals(roots.first) && secondHash.equals(roots.second);
}
