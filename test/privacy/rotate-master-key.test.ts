import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { privacyLimits } from '../../src/privacy/limits.js';
import { openPersonKeys } from '../../src/privacy/open-person-keys.js';
import { startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('orders rotate-master-key', () => {
  let log: TestLog;
  let folder: string;
  beforeEach(async () => {
    log = await createTestLog(4);
    folder = await mkdtemp(join(tmpdir(), 'orders-rotate-'));
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const newKey = () => randomBytes(32).toString('base64');
  /** Writes a file of master keys. @returns the environment that names it */
  async function keyFile(name: string, ...keys: string[]): Promise<Record<string, string>> {
    await writeFile(join(folder, name), `${keys.join('\n')}\n`);
    return { ORDERS_PERSONAL_DATA_KEY_FILE: join(folder, name) };
  }
  const open = async (env: Record<string, string>) => {
    const keys = await openPersonKeys(log.pool, env.ORDERS_PERSONAL_DATA_KEY_FILE);
    if (!keys) throw new Error('there are no keys');
    return keys;
  };
  const refusal = (env: Record<string, string>) =>
    open(env).then(
      () => 'opened',
      (error: Error) => error.message,
    );

  it('after a rotation the new key alone opens and finds everything, and the old one opens nothing', async () => {
    const [first, second] = [newKey(), newKey()];
    const old = await keyFile('old', first);
    const service = await startLocalService(log, old);
    const order = { user_id: 'Ada Lovelace', item_ids: ['a'], total_amount: 10 };
    const { order_id: id } = (await call(service, 'POST', '/orders', order)).body;
    await service.stop();
    const both = await keyFile('both', second, first);
    const rotated = await runOrders(log, ['rotate-master-key'], both);
    expect([rotated.code, rotated.stdout]).to.satisfy(
      () => rotated.code === 0 && rotated.stdout.startsWith('1 of 1 keys were wrapped by an earlier master key'),
      rotated.output,
    );
    expect((await runOrders(log, ['rotate-master-key'], both)).stdout).to.match(/^0 of 1 keys/);

    const alone = await keyFile('new', second);
    expect((await runOrders(log, ['history', id], alone)).stdout).to.include('Ada Lovelace');
    const found = await runOrders(log, ['forget', 'Ada Lovelace', '--dry-run'], alone);
    expect(found.stdout, found.output).to.match(/in 1 order$/m);
    expect(await refusal(old)).to.match(/is not the one that personal data was sealed with/);
  });

  it('before the rotation, processes with the new file and with the old one open each other’s keys', async () => {
    const [first, second] = [newKey(), newKey()];
    const before = await open(await keyFile('old', first));
    const { person } = await before.ofUser('Ada Lovelace');
    const after = await open(await keyFile('both', second, first));
    expect((await after.ofUser('Ada Lovelace')).person).to.equal(person);
    expect((await after.ofPersons([person])).get(person)).to.be.instanceOf(Buffer);
    const created = await after.ofUser('Grace Hopper');
    expect((await before.ofPersons([created.person])).get(created.person)).to.be.instanceOf(Buffer);
    expect((await before.ofUser('Grace Hopper')).person).to.equal(created.person);
  });

  it('a process that runs during the rotation wraps new keys by the new master key afterwards', async () => {
    const [first, second] = [newKey(), newKey()];
    const old = await open(await keyFile('old', first));
    const running = await open(await keyFile('both', second, first));
    await running.rewrapAll(() => undefined);
    const { person } = await running.ofUser('Ada Lovelace');
    const after = await open(await keyFile('new', second));
    expect((await after.ofPersons([person])).get(person)).to.be.instanceOf(Buffer);
    expect(await old.ofUser('Grace Hopper').then(String, (error: Error) => error.message)).to.match(/was replaced/);
  });

  it('a file with several keys is refused before one of them is known to be the present one', async () => {
    expect(await refusal(await keyFile('both', newKey(), newKey()))).to.match(
      /has several keys, but no process has run/,
    );
  });

  it('wraps the keys of all persons, page by page, and leaves forgotten ones forgotten', async () => {
    const [first, second] = [newKey(), newKey()];
    const before = await open(await keyFile('old', first));
    const users = Array.from({ length: privacyLimits.maxUsersPerQuery + 20 }, (_, nth) => `u-${nth}`);
    const keys = await Promise.all(users.map((user) => before.ofUser(user)));
    await before.destroy('u-7');
    const rotating = await open(await keyFile('both', second, first));
    expect(await rotating.rewrapAll(() => undefined)).to.equal(users.length - 1);
    const after = await open(await keyFile('new', second));
    const found = await after.ofPersons(keys.map(({ person }) => person));
    for (const [nth, { person, key }] of keys.entries()) {
      expect(found.get(person)?.toString('hex'), `u-${nth}`).to.equal(nth === 7 ? undefined : key.toString('hex'));
    }
  });
});
