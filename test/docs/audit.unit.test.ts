import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { leafHash, nodeHash, rootOf } from '../../src/audit/merkle-tree.js';
import { verifyOrderProof } from '../../src/audit/order-proof.js';
import { chainHash, genesisHash } from '../../src/event-log/hash-chain.js';
import { projectPath } from '../../src/project-path.js';
import { blocksRunBy } from '../support/block-runs.js';

describe('docs/audit.md', () => {
  const text = readFileSync(projectPath('docs/audit.md'), 'utf8');
  const example = text.slice(text.indexOf('## A worked example'));
  const blocks = blocksRunBy('test/docs/audit.unit.test.ts');
  const [proof = {}, keys = {}] = blocks.flatMap(({ language, code }) =>
    language === 'json' ? [JSON.parse(code)] : [],
  );
  const [[hashOfEvent] = [], hashes = [], leaves = []] = blocks.flatMap(({ language, code }) =>
    language === ''
      ? [
          code
            .trim()
            .split('\n')
            .map((hex) => Buffer.from(hex, 'hex')),
        ]
      : [],
  );
  const [node, root] = [...example.matchAll(/`([0-9a-f]{64})`/g)].map(([, hex]) => hex);

  it('gives the hash of an event that follows from its fields', () => {
    const [, fields = ''] = /An example: ([\s\S]*?)has the hash/.exec(text) ?? [];
    const sentence = fields.replaceAll(/\s+/g, ' ');
    const [, partition, position] = /partition (\d+) at position (\d+)/.exec(sentence) ?? [];
    const [orderId, type, occurredAt, recordedAt, data, metadata] = [...sentence.matchAll(/`([^`]+)`/g)].map(
      ([, value = '']) => value,
    );
    if (!orderId || !type || !occurredAt || !recordedAt || !data || !metadata) throw new Error('a field is missing');
    const event = { partition: Number(partition), position: Number(position), orderId, version: 1, type };
    const hash = chainHash(genesisHash, { ...event, occurredAt, recordedAt, data, metadata });
    expect(hash.toString('hex')).to.equal(hashOfEvent?.toString('hex'));
    expect(sentence).to.include(`(${Buffer.byteLength(data)} bytes)`);
  });

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
