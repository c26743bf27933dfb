import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { UnopenableEvent } from '../../src/event-log/open-events.js';
import { privacyLimits as limits } from '../../src/privacy/limits.js';
import { masterKeysOf } from '../../src/privacy/master-keys.js';
import { PersonBeingForgotten, PersonKeys } from '../../src/privacy/person-keys.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { watchedPool } from '../support/watched-pool.js';

describe('the keys of persons in memory', () => {
  const { now } = Date;
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(1);
  });
  afterEach(async () => {
    Date.now = now;
    Reflect.deleteProperty(performance, 'now');
    await log.close();
  });

  it('a destroyed key is not used after its time although the clock of the machine was set back', async () => {
    const masterKeys = masterKeysOf(randomBytes(32));
    const [keys, otherProcess] = [new PersonKeys(log.pool, masterKeys), new PersonKeys(log.pool, masterKeys)];
    const { person } = await keys.ofUser('Ada Lovelace');
    await keys.ofPersons([person]);
    await otherProcess.destroy('Ada Lovelace');
    expect((await keys.ofPersons([person])).get(person), 'for a moment').not.to.equal(undefined);

    const laterMs = performance.now() + limits.keyCacheMs;
    Date.now = () => now() - 3_600_000;
    performance.now = () => laterMs;
    expect((await keys.ofPersons([person])).get(person)).to.equal(undefined);
    const again = await keys.ofUser('Ada Lovelace').catch((error: unknown) => error);
    expect(again).to.be.instanceOf(PersonBeingForgotten);
  });

  it('a person whose key the table lacks is looked up once, however many of their events are opened', async () => {
    let queries = 0;
    const pool = watchedPool(log.pool, () => {
      queries += 1;
    });
    const keys = new PersonKeys(pool, masterKeysOf(randomBytes(32)));
    const unknown = randomUUID();
    for (let nth = 0; nth < 10; nth += 1) {
      const failure = await keys.ofPersons([unknown]).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(UnopenableEvent);
    }
    expect(queries).to.equal(1);
  });

  it('the key of one person that does not open fails no lookup of another person', async () => {
    const masterKeys = masterKeysOf(randomBytes(32));
    const { person } = await new PersonKeys(log.pool, masterKeys).ofUser('Ada Lovelace');
    await log.owner.query('update person_keys set wrapped_key = $2 where person = $1', [person, randomBytes(60)]);
    const keys = new PersonKeys(log.pool, masterKeys);
    const users = ['someone first', 'Ada Lovelace', 'Grace Hopper'];
    const [, ada, grace] = await Promise.allSettled(users.map((user) => keys.ofUser(user)));
    expect(ada).to.have.property('reason').that.is.instanceOf(UnopenableEvent);
    expect(grace).to.have.property('status', 'fulfilled');
  });
});
