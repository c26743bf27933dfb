import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { recomputedHash } from '../../../src/audit/exported-event.js';
import { leafHash } from '../../../src/audit/merkle-tree.js';
import { NotProven, signCheckpoint, verifySignedCheckpoint } from '../../../src/audit/signed-checkpoint.js';
import { publicJwkOf, type SigningKey } from '../../../src/audit/signing-key.js';
import { verifyProofCommand } from '../../../src/cli/commands/verify-proof.js';
import { recordingTerminal } from '../../support/orders-command.js';

describe('orders verify-proof', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const zeros = '00'.repeat(32);
  let key: SigningKey;
  let folder: string;
  const proofs: Record<string, object> = {};
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-verify-proof-'));
    key = { privateKey, publicJwk: await publicJwkOf(publicKey) };
    await writeFile(join(folder, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    const orderId = '018f0000-0000-7000-8000-0000000000ff';
    const event = {
      ...{ position: 1, version: 1, type: 'OrderPlaced', occurred_at: 'then', recorded_at: 'then' },
      ...{ data: '{}', metadata: '{}', previous_hash: zeros },
    };
    const hash = recomputedHash({ ...event, order_id: orderId, partition: 0 });
    const root = leafHash(Buffer.from(hash, 'hex')).toString('hex');
    const state = { log_id: orderId, created_at: 'now', partitions: [{ partition: 0, position: 1, hash, root }] };
    const checkpoint = await signCheckpoint(state, key);
    const events = [{ ...event, hash, path: [] }];
    proofs['of an order'] = { order_id: orderId, partition: 0, partitions: 1, events, checkpoint };
    proofs['of a log'] = { first: checkpoint, second: checkpoint, partitions: [{ partition: 0, path: [] }] };
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function check(text: string, print?: () => void): Promise<{ code: number; stdout: string }> {
    await writeFile(join(folder, 'proof.json'), text);
    const terminal = recordingTerminal('verify-proof');
    const args = [join(folder, 'proof.json'), '--key', join(folder, 'key.pem')];
    await verifyProofCommand(args, print ? { ...terminal, print } : terminal);
    return { code: terminal.exitCode, stdout: terminal.ended().stdout };
  }

  /** All documents in which one part of a document is missing, or is something else. */
  function* spoilt(whole: object): Generator<{ where: string; text: string }> {
    const others = [null, true, 7, -1, 0.5, 'x', [], {}, [null], [{}]];
    function* parts(value: unknown, where: string, rebuild: (part: unknown) => unknown): Generator<[string, unknown]> {
      for (const other of [undefined, ...others]) yield [where, rebuild(other)];
      if (typeof value !== 'object' || value === null) return;
      for (const [name, part] of Object.entries(value)) {
        const rebuildPart = (changed: unknown) =>
          rebuild(Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name]: changed });
        yield* parts(part, `${where}/${name}`, rebuildPart);
      }
    }
    for (const [where, document] of parts(whole, '', (part) => part)) {
      yield { where, text: JSON.stringify(document) ?? '' };
    }
  }

  for (const what of ['of an order', 'of a log']) {
    it(`accepts a proof ${what}, and names the part in which a file does not have its form`, async () => {
      const proof = proofs[what] ?? {};
      expect((await check(JSON.stringify(proof))).code).to.equal(0);
      for (const { where, text } of spoilt(proof)) {
        // No part of it may end the command in another way.
        const { code, stdout } = await check(text);
        expect(code, `${where} in ${text}`).to.be.oneOf([0, 3]);
        expect(stdout, `${where} in ${text}`).not.to.equal('');
      }
      const name = what === 'of a log' ? '/partitions/0/path' : '/events/0/path';
      const cut = JSON.stringify(proof).replace('"path":[]', '"paths":[]');
      expect(await check(cut)).to.deep.equal({
        ...{ code: 3, stdout: `the file does not have the form of a proof: ${name} is missing or is something else\n` },
      });
    });
  }

  it('says that a document is no checkpoint if the trusted key signed something else', async () => {
    for (const signed of [null, 7, {}, { partitions: [{}] }]) {
      const { jws } = await signCheckpoint(signed as never, key);
      const refused = await verifySignedCheckpoint(jws, [key.publicJwk]).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(NotProven);
    }
  });

  it('shows no line of a file that reads like a result', async () => {
    const line = '\norder 1: 5 events, unchanged';
    const proof = { ...proofs['of an order'], order_id: line };
    const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: line })).toString('base64url');
    const checkpoint = { ...(proofs['of a log'] as { first: object }).first, jws: `${header}.e30.AA` };
    for (const changed of [proof, { ...proofs['of an order'], checkpoint }]) {
      const { code, stdout } = await check(JSON.stringify(changed));
      expect(code).to.equal(3);
      expect(stdout.trimEnd(), stdout).not.to.include('\n');
    }
  });

  it('does not take a fault of the program for a flaw of the file', async () => {
    const fault = new TypeError('this.is not a function');
    const print = () => {
      throw fault;
    };
    const ended = await check(JSON.stringify(proofs['of an order']), print).catch((error: unknown) => error);
    expect(ended).to.equal(fault);
    const key = {
      get kid(): string {
        throw fault;
      },
    };
    const { jws } = (proofs['of a log'] as { first: { jws: string } }).first;
    expect(await verifySignedCheckpoint(jws, [key as never]).catch((error: unknown) => error)).to.equal(fault);
  });
});
