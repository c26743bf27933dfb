import { expect } from 'chai';
import { createProcessId, ProcessRegistry } from '../../../src/service/system/process-registry.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';

describe('ProcessRegistry', () => {
  function openRegistry(log: TestLog): ProcessRegistry {
    const self = { process_id: createProcessId(), version: '1', roles: ['api'] as const };
    return new ProcessRegistry(log.redis, log.keys.processPrefix, self, silent);
  }

  it('lists the processes that report themselves, and forgets those that were killed', async () => {
    const log = await createTestLog(1);
    const registry = openRegistry(log);
    await log.redis.sadd(log.keys.processPrefix, 'killed:1', 'killed:2');
    registry.start();
    await eventually('the own report', async () => (await registry.list()).length === 1);
    const listed = await registry.list();
    expect(listed[0]).to.include({ process_id: listed[0]?.process_id, is_this: true });
    expect(await log.redis.smembers(log.keys.processPrefix)).to.deep.equal([listed[0]?.process_id]);
    await registry.close();
    await log.close();
  });

  it('a process that ends takes no other off the list, though its host and pid may be the same', async () => {
    const log = await createTestLog(1);
    const [first, second] = [openRegistry(log), openRegistry(log)];
    first.start();
    second.start();
    await eventually('both reports', async () => (await first.list()).length === 2);
    await second.close();
    expect((await first.list()).map((one) => one.is_this)).to.deep.equal([true]);
    await first.close();
    await log.close();
  });
});
