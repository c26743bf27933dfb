import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { vacuumPersonKeys } from '../../src/cli/vacuum-person-keys.js';
import { inTransaction } from '../../src/event-log/connection/in-transaction.js';
import type { Pool } from '../../src/event-log/database.js';
import { deriveKey } from '../../src/privacy/cipher.js';
import { privacyLimits } from '../../src/privacy/limits.js';
import { wrapLookupKey } from '../../src/privacy/lookup-key.js';
import { wrappingKeyOf } from '../../src/privacy/master-keys.js';
import { openPersonKeys } from '../../src/privacy/open-person-keys.js';
import { startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { asAdmin, createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';
import { failingPool, replaced, watchedPool } from '../support/watched-pool.js';

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
  const open = async (env: Record<string, string>, pool: Pool = log.pool) => {
    const keys = await openPersonKeys(pool, env.ORDERS_PERSONAL_DATA_KEY_FILE);
    if (!keys) throw new Error('there are no keys');
    return keys;
  };
  const failure = (task: Promise<unknown>) =>
    task.then(
      () => 'no error',
      (error: Error) => error.message,
    );
  const refusal = (env: Record<string, string>) => failure(open(env));
  const ignore = () => undefined;
  /** A pool that holds back the answer to one statement, the next after `arm`, until `release`. */
  function pausing(statement: string) {
    let isArmed = false;
    const [reached, released] = [signal(), signal()];
    const onAnswer = async (name: string) => {
      if (name !== statement || !isArmed) return;
      isArmed = false;
      reached.give();
      await released.given;
    };
    const arm = () => {
      isArmed = true;
    };
    return { pool: watchedPool(log.pool, ignore, onAnswer), arm, reached: reached.given, release: released.give };
  }
  /** Expects that a master key alone opens the keys of these persons. */
  async function expectOpensAlone(key: string, persons: readonly string[]) {
    const found = await (await open(await keyFile('alone', key))).ofPersons(persons);
    for (const person of persons) expect(found.get(person), person).to.be.instanceOf(Buffer);
  }
  const waitForLock = () =>
    eventually('a session to wait for a lock', async () => {
      const { rows } = await log.owner.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });

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
    const again = JSON.parse((await runOrders(log, ['rotate-master-key', '--json'], both)).stdout);
    expect(again).to.deep.equal({ persons: 1, rewrapped: 0, problems: [] });

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
    await running.rewrapAll(ignore);
    const { person } = await running.ofUser('Ada Lovelace');
    const after = await open(await keyFile('new', second));
    expect((await after.ofPersons([person])).get(person)).to.be.instanceOf(Buffer);
    expect(await failure(old.ofUser('Grace Hopper'))).to.match(/was replaced: restart this process with the present/);
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
    expect(await rotating.rewrapAll(ignore)).to.equal(users.length - 1);
    const after = await open(await keyFile('new', second));
    const found = await after.ofPersons(keys.map(({ person }) => person));
    for (const [nth, { person, key }] of keys.entries()) {
      expect(found.get(person)?.toString('hex'), `u-${nth}`).to.equal(nth === 7 ? undefined : key.toString('hex'));
    }
  });

  it('leaves no key behind that a process creates under the old master key while it runs', async () => {
    const [first, second] = [newKey(), newKey()];
    await open(await keyFile('old', first));
    const both = await keyFile('both', second, first);
    const { pool, arm, reached, release } = pausing('person-lookup-key');
    const running = await open(both, pool);
    arm();
    const created = running.ofUser('Ada Lovelace');
    // It has read that the old master key wraps new keys, and has inserted none yet.
    await reached;
    await (await open(both)).rewrapAll(ignore);
    release();
    await expectOpensAlone(second, [(await created).person]);
  });

  it('lets a process that knows the old master key alone insert no key any more', async () => {
    const [first, second] = [newKey(), newKey()];
    const { pool, arm, reached, release } = pausing('person-lookup-key');
    const old = await open(await keyFile('old', first), pool);
    arm();
    const created = failure(old.ofUser('Ada Lovelace'));
    await reached;
    await (await open(await keyFile('both', second, first))).rewrapAll(ignore);
    release();
    expect(await created).to.match(/was replaced: restart this process/);
    expect((await log.owner.query('select from person_keys')).rows).to.deep.equal([]);
  });

  it('waits for a key that is being created under the old master key, and wraps it too', async () => {
    const [first, second] = [newKey(), newKey()];
    const [inserted, released] = [signal(), signal()];
    // The creation's transaction stays open after its statement.
    const query = async (statement: { readonly name?: string }, values?: unknown[]) => {
      if (statement.name !== 'create-person-keys') return log.pool.query(statement as never, values);
      return inTransaction(log.pool, async (client) => {
        const result = await client.query(statement as never);
        inserted.give();
        await released.given;
        return result;
      });
    };
    await open(await keyFile('old', first));
    const both = await keyFile('both', second, first);
    const created = (await open(both, replaced(log.pool, { query }))).ofUser('Ada Lovelace');
    await inserted.given;
    const rotation = (await open(both)).rewrapAll(ignore);
    await waitForLock();
    released.give();
    expect(await rotation).to.equal(1);
    await expectOpensAlone(second, [(await created).person]);
  });

  it('blocks the creation of keys for as long as it replaces the lookup key', async () => {
    const [first, second] = [newKey(), newKey()];
    await open(await keyFile('old', first));
    const running = await open(await keyFile('both', second, first));
    const lookup = deriveKey(Buffer.from(first, 'base64'), 'person lookup');
    await log.owner.query('begin');
    await log.owner.query('update person_lookup_key set wrapped_key = $1, is_rotating = true', [
      wrapLookupKey(wrappingKeyOf(Buffer.from(second, 'base64')), lookup),
    ]);
    const created = running.ofUser('Ada Lovelace');
    await waitForLock();
    await log.owner.query('commit');
    await running.rewrapAll(ignore);
    await expectOpensAlone(second, [(await created).person]);
  });

  it('no process starts with one key only until an interrupted rotation was completed', async () => {
    const [first, second] = [newKey(), newKey()];
    const [old, both] = [await keyFile('old', first), await keyFile('both', second, first)];
    const { person } = await (await open(old)).ofUser('Ada Lovelace');
    const failing = failingPool(log.pool, (name) =>
      name === 'rewrap-person-keys' ? new Error('interrupted') : undefined,
    );
    expect(await failure((await open(both, failing)).rewrapAll(ignore))).to.equal('interrupted');
    const alone = await keyFile('new', second);
    expect(await refusal(alone)).to.match(/rotation of the master key has not ended: put the earlier key back/);
    expect(await refusal(old)).to.match(/rotation of the master key has not ended/);
    const rotating = await open(both);
    expect((await rotating.ofPersons([person])).get(person)).to.be.instanceOf(Buffer);
    expect(await rotating.rewrapAll(ignore)).to.equal(1);
    await expectOpensAlone(second, [person]);
  });

  it('ends with an error if another rotation begins, which then leaves no key behind', async () => {
    const [first, second, third] = [newKey(), newKey(), newKey()];
    const { person } = await (await open(await keyFile('old', first))).ofUser('Ada Lovelace');
    const { pool, arm, reached, release } = pausing('page-of-person-keys');
    arm();
    const overtaken = failure((await open(await keyFile('both', second, first), pool)).rewrapAll(ignore));
    await reached;
    const other = await open(await keyFile('all', third, second, first));
    // It has not come to the person yet when the first one continues.
    const { pool: later, arm: armLater, reached: reachedLater, release: releaseLater } = pausing('page-of-person-keys');
    const rotating = await open(await keyFile('all', third, second, first), later);
    armLater();
    const rotation = rotating.rewrapAll(ignore);
    await reachedLater;
    release();
    expect(await overtaken).to.match(/another rotation of the master key has begun/);
    releaseLater();
    expect(await rotation).to.equal(1);
    expect((await other.ofPersons([person])).get(person)).to.be.instanceOf(Buffer);
    await expectOpensAlone(third, [person]);
  });

  it('a file without a key that a person’s key needs is named, and the rotation does not end', async () => {
    const [first, second] = [newKey(), newKey()];
    await (await open(await keyFile('old', first))).ofUser('Ada Lovelace');
    const rotating = await open(await keyFile('both', second, first));
    await log.owner.query(`update person_keys set wrapped_key = decode(repeat('ab', 60), 'hex')`);
    expect(await failure(rotating.rewrapAll(ignore))).to.match(
      /no key in ORDERS_PERSONAL_DATA_KEY_FILE opens the key of/,
    );
    const { rows } = await log.owner.query('select is_rotating from person_lookup_key');
    expect(rows).to.deep.equal([{ is_rotating: true }]);
  });

  it('a master key that was lost before any person had a key can be replaced, and no later one', async () => {
    const [lost, present] = [newKey(), newKey()];
    const former = await open(await keyFile('lost', lost));
    const keys = await open(await keyFile('new', present));
    expect(await failure(former.ofUser('Ada Lovelace'))).to.match(/was replaced/);
    const { person } = await keys.ofUser('Ada Lovelace');
    await expectOpensAlone(present, [person]);
    expect(await refusal(await keyFile('lost', lost))).to.match(/is not the one that personal data was sealed with/);
    await expectOpensAlone(present, [person]);
  });

  it('a master key is not replaced while the first key of a person is being created under it', async () => {
    const present = newKey();
    await open(await keyFile('present', present));
    await log.owner.query('begin');
    await log.owner.query('select from person_lookup_key for share');
    await log.owner.query(
      `insert into person_keys (lookup, wrapped_key) values (sha256('Ada Lovelace'), decode('ab', 'hex'))`,
    );
    const refused = refusal(await keyFile('other', newKey()));
    await waitForLock();
    await log.owner.query('commit');
    expect(await refused).to.match(/is not the one that personal data was sealed with/);
  });

  it('a table of keys that PostgreSQL skips instead of vacuuming it is reported', async () => {
    const login = `login_${randomBytes(4).toString('hex')}`;
    await asAdmin(`create role ${login} login password 'x'; grant orders_service to ${login}`);
    const url = Object.assign(new URL(log.databaseUrl), { username: login, password: 'x' });
    expect(await vacuumPersonKeys(url.href)).to.match(
      /was not vacuumed \(run .* as its owner\): (permission denied|skipping)/,
    );
    expect(await vacuumPersonKeys(log.databaseUrl)).to.equal(undefined);
  });
});

function signal() {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
