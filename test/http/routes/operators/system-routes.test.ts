import { expect } from 'chai';
import { startLocalService } from '../../../support/local-service.js';
import { eventually } from '../../../support/servers.js';
import { call, useService } from '../../../support/service.js';

describe('GET /system', () => {
  const service = useService({ ORDERS_DEFAULT_CURRENCY: 'EUR' });
  const system = async () => (await call(service, 'GET', '/system')).body;

  it('lists the process with its roles, the servers, and the log', async () => {
    await call(service, 'POST', '/orders', { user_id: 'u', item_ids: ['a'], total_amount: 1 });
    const found = await eventually('the process to report itself', async () => {
      const now = await system();
      return now.processes.length > 0 && now;
    });
    const [own] = found.processes;
    expect(own).to.include({ node: process.version, is_this: true });
    expect(own?.roles).to.have.members(['api', 'projector']);
    expect([found.log.partitions, found.log.epoch, found.log.events]).to.deep.equal([16, '1', 1]);
    expect(found.event_log.server).to.match(/^PostgreSQL \d+/);
    expect(found.read_models.server).to.match(/^(Redis|Valkey) \d/);
    expect(found.read_models.used_bytes).to.be.greaterThan(0);
    expect(Object.keys(found.projection_states)).to.include('metrics');
  });

  it('shows the configuration in force, and no password of any URL', async () => {
    const { configuration } = await system();
    const setting = (name: string) => configuration.find((one) => one.name === name);
    expect(setting('ORDERS_DEFAULT_CURRENCY')).to.include({ value: 'EUR', is_default: false });
    expect(setting('ORDERS_TIME_ZONE')).to.include({ value: 'UTC', is_default: true });
    expect(setting('DATABASE_URL')?.value).to.match(/^postgres(ql)?:\/\/[^@]+$/);
    const password = new URL(service.log.databaseUrl).password;
    if (password) expect(JSON.stringify(configuration)).not.to.include(password);
  });

  it('a process that stops leaves the list', async () => {
    const other = await startLocalService(service.log, { ORDERS_ROLES: 'api' });
    // Both run in the process of the tests and share one name, which the second one takes away.
    await other.stop();
    await eventually('the first one to report itself again', async () => (await system()).processes.length === 1);
  });
});
