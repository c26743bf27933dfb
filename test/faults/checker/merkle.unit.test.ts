import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compareCheckpoint, compareProof, leafOf, openCheckpoint, rootByPath, rootOf } from './merkle.js';
import { groupByOrder, type OrderRun } from './orders.js';
import { logOf, orderId, paid, placed } from './planted.js';

/** The worked example of docs/audit.md. */
const page = readFileSync(join('docs', 'audit.md'), 'utf8');
const [proofText = '', keysText = ''] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => json ?? '');
const example = JSON.parse(proofText);
const { keys } = JSON.parse(keysText);
const bytes = (hex: string) => Buffer.from(hex, 'hex');

const pair = generateKeyPairSync('ed25519');
const ownKeys = [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'own' }];
const log = logOf([placed(), paid()]);
const order = groupByOrder(log, [], () => 2)[0] as OrderRun;
const hashes = log.events.map((event) => event.hash);

function checkpoint(changes: object = {}) {
  const empty = { position: 0, hash: '', root: rootOf([]).toString('hex') };
  const full = { position: 2, hash: hashes[1]!.toString('hex'), root: rootOf(hashes).toString('hex'), ...changes };
  return {
    log_id: log.id,
    partitions: [0, 1, 2, 3].map((partition) => ({ partition, ...(partition === 2 ? full : empty) })),
  };
}

function signed(content: object) {
  const header = { alg: 'EdDSA', kid: 'own', typ: 'orders-checkpoint+json' };
  const text = [header, content].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return { jws: `${text}.${sign(null, Buffer.from(text), pair.privateKey).toString('base64url')}` };
}

function proof(changes: object = {}) {
  return {
    order_id: orderId,
    partition: 2,
    partitions: 4,
    events: order.events.map((event, nth) => ({
      position: event.position,
      version: event.version,
      type: event.type,
      data: event.data,
      metadata: event.metadata,
      occurred_at: event.occurredAt,
      recorded_at: event.recordedAt,
      previous_hash: nth === 0 ? '00'.repeat(32) : hashes[0]!.toString('hex'),
      hash: event.hash.toString('hex'),
      path: [leafOf(hashes[1 - nth]!).toString('hex')],
    })),
    checkpoint: signed(checkpoint()),
    ...changes,
  };
}

describe('the checker of proofs', () => {
  it('computes the root of the worked example in docs/audit.md, and follows its paths', () => {
    const { root, position } = example.checkpoint.checkpoint.partitions[0];
    const middle = 'b96d6977a157449e3662c791040bf354dc7b3ccd30aab204e73ca4d2702ec468';
    const [first, third] = example.events;
    expect(rootOf([first.hash, middle, third.hash].map(bytes)).toString('hex')).to.equal(root);
    for (const event of [first, third]) {
      const found = rootByPath(event.position - 1, position, leafOf(bytes(event.hash)), event.path.map(bytes));
      expect(found?.toString('hex')).to.equal(root);
    }
    expect(rootByPath(1, position, leafOf(bytes(first.hash)), first.path.map(bytes))?.toString('hex')).not.to.equal(
      root,
    );
  });

  it('opens the checkpoint of the example, and none that was changed or signed by another key', () => {
    expect(openCheckpoint(example.checkpoint, keys)).to.deep.equal(example.checkpoint.checkpoint);
    expect(openCheckpoint(example.checkpoint, ownKeys)).to.contain('is not signed');
    const [head, , signature] = example.checkpoint.jws.split('.');
    const changed = Buffer.from('{"partitions":[]}').toString('base64url');
    expect(openCheckpoint({ jws: `${head}.${changed}.${signature}` }, keys)).to.contain('does not hold');
  });

  it('finds a checkpoint whose position, hash or root is not that of the log', () => {
    expect(compareCheckpoint(log, checkpoint())).to.deep.equal([]);
    const wrong = [{ position: 1 }, { hash: '00' }, { root: '00' }].map((change) => checkpoint(change));
    for (const one of wrong) expect(compareCheckpoint(log, one)).to.not.be.empty;
  });

  it('finds a proof that lacks an event, or has one that was changed', () => {
    expect(compareProof(log, order, proof(), ownKeys)).to.deep.equal([]);
    const { events } = proof();
    expect(compareProof(log, order, proof({ events: events.slice(0, 1) }), ownKeys).join()).to.contain('has 1 events');
    const changed = events.map((event) => ({ ...event, data: event.data.replace('3000', '3001') }));
    expect(compareProof(log, order, proof({ events: changed }), ownKeys).join()).to.contain('does not hold for 2:1');
    const wrongPath = events.map((event) => ({ ...event, path: [] }));
    expect(compareProof(log, order, proof({ events: wrongPath }), ownKeys)).to.have.length(2);
  });
});
