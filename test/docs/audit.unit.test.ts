import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { leafHash, nodeHash, rootOf } from '../../src/audit/merkle-tree.js';
import { verifyOrderProof } from '../../src/audit/order-proof.js';
import { projectPath } from '../../src/project-path.js';

describe('docs/audit.md', () => {
  const text = readFileSync(projectPath('docs/audit.md'), 'utf8');
  const example = text.slice(text.indexOf('## A worked example'));
  const [proof = {}, keys = {}] = [...example.matchAll(/```json\n(.*?)\n```/gs)].map(([, json = '']) =>
    JSON.parse(json),
  );
  const [hashes = [], leaves = []] = [...example.matchAll(/```\n((?:[0-9a-f]{64}\n)+)```/g)].map(([, block = '']) =>
    block
      .trim()
      .split('\n')
      .map((hex) => Buffer.from(hex, 'hex')),
  );
  const [node, root] = [...example.matchAll(/`([0-9a-f]{64})`/g)].map(([, hex]) => hex);

  it('gives leaves, node and root that follow from the hashes', () => {
    expect(leaves.map((leaf) => leaf.toString('hex'))).to.deep.equal(
      hashes.map((hash) => leafHash(hash).toString('hex')),
    );
    expect(nodeHash(leaves[0]!, leaves[1]!).toString('hex')).to.equal(node);
    expect(rootOf(leaves).toString('hex')).to.equal(root);
  });

  it('gives a proof that holds', async () => {
    const checkpoint = await verifyOrderProof(proof, keys.keys);
    expect(checkpoint.partitions[0]).to.deep.include({ position: 3, hash: hashes[2]?.toString('hex'), root });
    const forged = structuredClone(proof);
    forged.events[0].data = forged.events[0].data.replace('1000', '1001');
    expect(String(await verifyOrderProof(forged, keys.keys).catch((error: Error) => error))).to.match(
      /content was changed/,
    );
  });
});
