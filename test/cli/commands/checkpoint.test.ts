import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { appender, orderIdIn, place } from '../../support/events.js';
import { runOrders } from '../../support/orders-command.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

describe('orders checkpoint --since', () => {
  let log: TestLog;
  let folder: string;
  beforeEach(async () => {
    log = await createTestLog(2);
    folder = await mkdtemp(join(tmpdir(), 'orders-checkpoint-'));
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const file = (name: string) => join(folder, name);
  async function newKey(name: string): Promise<void> {
    await writeFile(file(name), generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  const orders = (key: string, ...args: string[]) => runOrders(log, args, { ORDERS_SIGNING_KEY_FILES: file(key) });

  it('prints a proof for a checkpoint of the log, also as a bare JWS, and what was signed counts', async () => {
    await newKey('key');
    await place(appender(log), orderIdIn(1, 2));
    const old = JSON.parse((await orders('key', 'checkpoint')).stdout);
    await place(appender(log), orderIdIn(0, 2));
    const changed = { ...old, checkpoint: { ...old.checkpoint, created_at: '2001-01-01T00:00:00.000Z' } };
    for (const text of [JSON.stringify(old), old.jws, JSON.stringify(changed)]) {
      await writeFile(file('old'), text);
      const proved = await orders('key', 'checkpoint', '--since', file('old'));
      expect(proved.code, proved.output).to.equal(0);
      expect(JSON.parse(proved.stdout).first).to.deep.equal(old);
    }
  });

  it('prints none for a checkpoint that is not signed by a trusted key, or of another log', async () => {
    await newKey('key');
    await newKey('strange');
    const taken = (await orders('strange', 'checkpoint')).stdout;
    await writeFile(file('old'), taken);
    const refused = await orders('key', 'checkpoint', '--since', file('old'));
    expect([refused.code, refused.stdout]).to.deep.equal([3, '']);
    expect(refused.output).to.match(/signature does not hold: .* not among the trusted ones/);
    const trusted = await orders('key', 'checkpoint', '--since', file('old'), '--key', file('strange'));
    expect(trusted.code, trusted.output).to.equal(0);

    await writeFile(file('nothing'), '{}');
    expect((await orders('key', 'checkpoint', '--since', file('nothing'))).code).to.equal(3);

    const other = await createTestLog(2);
    const env = { ORDERS_SIGNING_KEY_FILES: file('key') };
    await writeFile(file('other'), (await runOrders(other, ['checkpoint'], env)).stdout);
    await other.close();
    const ofOther = await orders('key', 'checkpoint', '--since', file('other'));
    expect([ofOther.code, ofOther.stdout]).to.deep.equal([3, '']);
    expect(ofOther.output).to.match(/the checkpoints are of different logs/);
  });
});
