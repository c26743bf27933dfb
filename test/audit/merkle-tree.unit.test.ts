import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { emptyTreeHash, isConsistent, isIncluded, leafHash, nodeHash, rootOf } from '../../src/audit/merkle-tree.js';

/** Implements RFC 6962, 2.1, literally. The faster code is compared with it. */
function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return createHash('sha256').update(Buffer.of(0)).update(leaves[0]!).digest();
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return createHash('sha256')
    .update(Buffer.concat([Buffer.of(1), mth(leaves.slice(0, k)), mth(leaves.slice(k))]))
    .digest();
}

function auditPath(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m < k
    ? [...auditPath(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...auditPath(m - k, leaves.slice(k)), mth(leaves.slice(0, k))];
}

/** Implements SUBPROOF of RFC 9162, 2.1.4.1, literally. */
function subproof(m: number, leaves: readonly Buffer[], isWhole: boolean): Buffer[] {
  if (m === leaves.length) return isWhole ? [] : [mth(leaves)];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), isWhole), mth(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), mth(leaves.slice(0, k))];
}

describe('the Merkle tree', () => {
  it('the Merkle tree has the roots of the well-known test vectors of RFC 6962', () => {
    // The leaves and roots with which implementations of Certificate Transparency are tested.
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    const hashed = leaves.map((hex) => leafHash(Buffer.from(hex, 'hex')));
    for (const [index, root] of roots.entries())
      expect(rootOf(hashed.slice(0, index + 1)).toString('hex')).to.equal(root);
    expect(rootOf([]).equals(emptyTreeHash)).to.equal(true);
  });

  it('an audit path proves its own leaf, and no other, for every size of the tree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, at, bit) => {
        const events = Array.from({ length: size }, () => randomBytes(32));
        const index = at % size;
        const [root, path] = [mth(events), auditPath(index, events)];
        const leaf = leafHash(events[index]!);
        expect(isIncluded(leaf, index, size, path, root)).to.equal(true);
        expect(isIncluded(leafHash(randomBytes(32)), index, size, path, root)).to.equal(false);
        expect(isIncluded(leaf, (index + 1) % size, size, path, root)).to.equal(size === 1);
        expect(isIncluded(leaf, index, size + 1 + (bit % 9), path, root) && path.length === 0).to.equal(false);
        expect(isIncluded(leaf, index, size, [...path, randomBytes(32)], root)).to.equal(false);
        if (path.length > 0) {
          const forged = path.map((hash) => Buffer.from(hash));
          forged[bit % path.length]![bit % 32]! ^= 1;
          expect(isIncluded(leaf, index, size, forged, root)).to.equal(false);
          expect(isIncluded(leaf, index, size, path.slice(1), root)).to.equal(false);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('a consistency path proves that a tree begins with a smaller one, and nothing else', () => {
    const events = Array.from({ length: 40 }, () => randomBytes(32));
    for (let second = 1; second <= events.length; second += 1) {
      for (let first = 1; first <= second; first += 1) {
        const roots = { first: mth(events.slice(0, first)), second: mth(events.slice(0, second)) };
        const path = subproof(first, events.slice(0, second), true);
        const name = `${first} of ${second}`;
        expect(isConsistent(first, second, path, roots), name).to.equal(true);
        expect(isConsistent(first, second, path, { ...roots, first: randomBytes(32) }), name).to.equal(false);
        expect(isConsistent(first, second, path, { ...roots, second: randomBytes(32) }), name).to.equal(false);
        expect(isConsistent(first, second, [...path, randomBytes(32)], roots), name).to.equal(false);
        if (path.length > 0) expect(isConsistent(first, second, path.slice(1), roots), name).to.equal(false);
        if (first < second) expect(isConsistent(second, first, path, roots), name).to.equal(false);
      }
    }
    expect(isConsistent(0, 5, [], { first: emptyTreeHash, second: mth(events.slice(0, 5)) })).to.equal(true);
    expect(isConsistent(0, 5, [], { first: randomBytes(32), second: mth(events.slice(0, 5)) })).to.equal(false);
  });

  it('a leaf never has the hash of a node', () => {
    const [left, right] = [randomBytes(32), randomBytes(32)];
    expect(leafHash(Buffer.concat([left, right])).equals(nodeHash(left, right))).to.equal(false);
  });
});
