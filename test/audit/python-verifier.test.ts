import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { proveConsistency } from '../../src/audit/consistency-proof.js';
import { createCheckpointPayload, signCheckpoint } from '../../src/audit/signed-checkpoint.js';
import { readSigningKeys } from '../../src/audit/signing-key.js';
import { projectPath } from '../../src/project-path.js';
import { appender, noteEvent, orderIdIn, place } from '../support/events.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, type TestLog } from '../support/servers.js';

const run = promisify(execFile);

/** Runs docs/verify.py, which was written from docs/audit.md alone. */
async function verify(...args: string[]): Promise<string> {
  const { stdout } = await run('python3', [projectPath('docs/verify.py'), ...args]).catch(({ code, stdout }) => ({
    stdout: `exit ${code}: ${stdout}`,
  }));
  return stdout.trim();
}

describe('docs/verify.py', () => {
  let folder: string;
  let log: TestLog | undefined;
  const file = (name: string) => join(folder, name);
  before(async function () {
    if (
      await run('python3', ['--version']).then(
        () => false,
        () => true,
      )
    )
      this.skip();
    folder = await mkdtemp(join(tmpdir(), 'orders-verify-py-'));
  });
  after(async () => {
    await log?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('the verifier has fewer than 200 lines and needs only the standard library', async () => {
    const text = await readFile(projectPath('docs/verify.py'), 'utf8');
    expect(text.trimEnd().split('\n').length).to.be.below(200);
    const imports = [...text.matchAll(/^(?:import|from) (\w+)/gm)].map(([, name]) => name);
    expect(imports).to.deep.equal(['base64', 'hashlib', 'json', 'sys']);
  });

  it('the verifier agrees with the worked example of docs/audit.md', async () => {
    const text = await readFile(projectPath('docs/audit.md'), 'utf8');
    const example = text.slice(text.indexOf('## A worked example'));
    const [proof = '', keys = ''] = [...example.matchAll(/```json\n(.*?)\n```/gs)].map(([, json]) => json);
    await writeFile(file('keys.json'), keys);
    const verdict = async (changed: string) => {
      await writeFile(file('proof.json'), changed);
      return verify('proof', file('proof.json'), file('keys.json'));
    };
    expect(await verdict(proof)).to.match(/unchanged as of 2026-01-01T00:00:01.000Z, all 2 events/);
    expect(await verdict(proof.replace('1000', '1001'))).to.match(/^exit 3: version 1 does not match its hash/);
    expect(await verdict(proof.replace('dKZpDgS8', 'dKZpDgS9'))).to.match(/^exit 3: the signature does not hold/);
    expect(await verdict(proof.replace('"90f2', '"91f2'))).to.match(/^exit 3: version 1 is not in the log/);
  });

  it('the verifier agrees with the service on an export and on a proof that a log continues a checkpoint', async () => {
    log = await createTestLog(4);
    const { owner } = log;
    const key = file('key.pem');
    await writeFile(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const orders = (...args: string[]) => runOrders(log as TestLog, args, { ORDERS_SIGNING_KEY_FILES: key });
    const keys = await readSigningKeys([key], false);
    await writeFile(file('jwks.json'), JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
    const append = appender(log);
    const grow = async (count: number) => {
      const orderId = orderIdIn(1, 4);
      await place(append, orderId);
      await append({ orderId, expectedVersion: 1, events: Array.from({ length: count }, () => noteEvent('Grüße 🍵')) });
    };
    await grow(300);
    await place(append, orderIdIn(2, 4));
    await writeFile(file('first.json'), (await orders('checkpoint')).stdout);
    await grow(400);
    await place(append, orderIdIn(3, 4));

    await writeFile(file('all.ndjson'), (await orders('export')).stdout);
    expect(await verify('export', file('all.ndjson'))).to.equal('704 events match their hashes');
    const exported = await readFile(file('all.ndjson'), 'utf8');
    await writeFile(file('forged.ndjson'), exported.replace('"actor\\":\\"test', '"actor\\":\\"tset'));
    expect(await verify('export', file('forged.ndjson'))).to.match(/^exit 3: line \d+: .* does not match its hash/);

    await writeFile(file('second.json'), (await orders('checkpoint')).stdout);
    const lines = exported.trimEnd().split('\n');
    // The events of partition 1, of which the first checkpoint has 301, come first.
    const both = async (text: string | Buffer, checkpoint: string) => {
      await writeFile(file('against.ndjson'), text);
      const against = ['--against', file(checkpoint), '--key', file('jwks.json')];
      const own = await orders('verify', '--export', file('against.ndjson'), ...against);
      return [own.code, await verify('export', file('against.ndjson'), file(checkpoint), file('jwks.json'))];
    };
    for (const checkpoint of ['first.json', 'second.json']) {
      const [code, verdict] = await both(exported, checkpoint);
      expect([code, verdict]).to.satisfy(() => code === 0 && /^704 events .* of the checkpoint/.test(String(verdict)));
    }
    const cases = [
      [lines.toSpliced(99, 1), 'first.json', /^exit 3: line 100: .* follows position 99/],
      [lines.slice(0, -1), 'second.json', /^exit 3: partition 3 ends at position 0, the checkpoint at 1/],
      [lines.with(50, '{"partition":0,"position":1}'), 'first.json', /^exit 3: line 51: this is no exported event/],
      [[...lines.slice(0, 50), lines[50]?.slice(0, -9)], 'first.json', /^exit 3: line 51: this is no exported event/],
      [lines.with(50, '['.repeat(100_000)), 'first.json', /^exit 3: line 51: this is no exported event/],
      [lines.with(50, lines[50]?.replace(/,"hash".*/, '}') ?? ''), 'first.json', /^exit 3: line 51: this is no/],
      [lines.with(50, lines[50]?.replace(/"position":(\d+)/, '"position":"$1"') ?? ''), 'first.json', /51: this is no/],
    ] as const;
    for (const [some, checkpoint, expected] of cases) {
      const [code, verdict] = await both(some.join('\n'), checkpoint);
      expect(code).to.equal(3);
      expect(verdict).to.match(expected);
    }
    const damaged = Buffer.from(exported);
    damaged[damaged.indexOf('"actor') + 3] = 0xff;
    expect(await both(damaged, 'first.json')).to.satisfy(
      ([code, verdict]: unknown[]) => code === 3 && /^exit 3: line 1: .* does not match its hash/.test(String(verdict)),
    );

    const proofOf = async (name: string) => {
      await writeFile(file(name), (await orders('checkpoint', '--since', file('first.json'))).stdout);
      const own = await orders('verify-proof', file(name), '--key', file('jwks.json'));
      return [own.code, await verify('consistency', file(name), file('jwks.json'))];
    };
    const [code, verdict] = await proofOf('consistency.json');
    expect([code, verdict]).to.satisfy(() => code === 0 && /^nothing up to .* was changed/.test(String(verdict)));

    // A forger who rewrites the log and its hashes cannot make the new log continue the signed one.
    await owner.query('alter table events disable trigger all; alter table merkle_nodes disable trigger all');
    await owner.query(`update events set hash = sha256(hash) where partition = 1 and "position" > 100`);
    await owner.query('delete from merkle_nodes');
    const refused = await orders('checkpoint', '--since', file('first.json'));
    expect([refused.code, refused.stdout]).to.deep.equal([3, '']);
    expect(refused.output).to.match(/partition 1: the log of the second checkpoint does not begin with that of the/);
    const [signingKey] = keys;
    if (!signingKey) throw new Error('there is no key');
    const second = await signCheckpoint(await createCheckpointPayload(log.pool, log.settings), signingKey);
    const first = JSON.parse(await readFile(file('first.json'), 'utf8'));
    await writeFile(file('rewritten.json'), JSON.stringify(await proveConsistency(log.pool, first, second)));
    expect((await orders('verify-proof', file('rewritten.json'), '--key', file('jwks.json'))).code).to.equal(3);
    expect(await verify('consistency', file('rewritten.json'), file('jwks.json'))).to.match(
      /^exit 3: partition 1: the second log does not begin with the first one/,
    );
  });
});
