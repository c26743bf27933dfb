import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';
import { issuerEnv, startIssuer, type TokenIssuer } from '../support/token-issuer.js';

/** A metric in the format of Prometheus. */
interface Metric {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly string[];
}

const own = /^(orders|http)_/;

describe('The metrics', () => {
  let log: TestLog;
  let issuer: TokenIssuer;
  let metrics: ReadonlyMap<string, Metric>;
  let ofApi: ReadonlyMap<string, Metric>;
  before(async () => {
    log = await createTestLog(2);
    issuer = await startIssuer();
    await issuer.addKey('one');
    const service = await startLocalService(log);
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
    const headers = { 'idempotency-key': 'k-1' };
    await call(service, 'POST', '/orders', order, headers);
    await call(service, 'POST', '/orders', order, headers);
    const { body } = await call(service, 'POST', '/orders', order);
    await call(service, 'POST', `/orders/${body.order_id}/ship`, {});
    await call(service, 'POST', '/webhooks', { url: 'https://receiver.example.org/hook' });
    await eventually('the projections', async () => {
      metrics = parse((await call(service, 'GET', '/metrics')).text);
      return /\} 2$|partition="1"\} 0/m.test(samplesOf('orders_partition_unowned').join('\n'));
    });
    await service.stop();
    const api = await startLocalService(log, { ORDERS_ROLES: 'api', ...issuerEnv(issuer.url) });
    ofApi = parse(await scrapeWithAccess(api.url, issuer));
    await api.stop();
  });
  after(async () => {
    issuer.stop();
    await log.close();
  });

  const samplesOf = (name: string) => metrics.get(name)?.samples ?? [];

  it('tell the lag of every projection and partition in events and in seconds, from every process', () => {
    for (const found of [metrics, ofApi]) {
      for (const name of ['orders_projection_lag_events', 'orders_projection_lag_seconds']) {
        const labels = (found.get(name)?.samples ?? []).map((line) => line.replace(/ [\d.e-]+$/, ''));
        expect(labels, name).to.have.length(8);
        expect(labels).to.include(`${name}{projection="metrics",partition="1"}`);
      }
    }
  });

  it('count commands by outcome, problems by type, and appends', () => {
    expect(samplesOf('orders_commands_total').toSorted()).to.deep.equal([
      'orders_commands_total{command="place",outcome="handled"} 2',
      'orders_commands_total{command="place",outcome="replayed"} 1',
      'orders_commands_total{command="ship",outcome="rejected"} 1',
    ]);
    expect(samplesOf('orders_problems_total')).to.deep.equal(['orders_problems_total{type="invalid-transition"} 1']);
    expect(samplesOf('orders_append_call_events').at(-1)).to.match(/^orders_append_call_events_count [1-9]/);
    expect(samplesOf('orders_postgres_up')).to.deep.equal(['orders_postgres_up 1']);
    expect(samplesOf('orders_redis_up')).to.deep.equal(['orders_redis_up 1']);
  });

  it('are those that docs/monitoring.md explains, with the same words and labels', () => {
    const known = new Map([...ofApi, ...metrics].filter(([name]) => own.test(name)));
    const text = readFileSync(projectPath('docs/monitoring.md'), 'utf8');
    const rows = [...text.matchAll(/^\| `((?:orders|http)_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|/gm)];
    const documented = rows.map(([, name, type, , help]) => [name, type, help?.trim()]);
    const expected = [...known].map(([name, { type, help }]) => [name, type, help]);
    expect(documented.toSorted()).to.deep.equal(expected.toSorted());
    for (const [, name = '', , labels = ''] of rows) {
      const [sample = ''] = known.get(name)?.samples ?? [];
      if (!sample.includes('{')) continue;
      const found = [...sample.matchAll(/[{,](\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      expect([...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).toSorted(), name).to.deep.equal(
        found.toSorted(),
      );
    }
  });

  it('include every metric that the dashboard, the alert rules and their documentation name', () => {
    const all = new Set([...ofApi.keys(), ...metrics.keys(), 'up']);
    for (const file of [
      'ops/grafana/dashboard.json',
      'ops/prometheus/alerts.yaml',
      'ops/prometheus/alerts.test.yaml',
    ]) {
      const text = readFileSync(projectPath(file), 'utf8');
      const named = [...text.matchAll(/\b(?:orders|http|nodejs|process)_[a-z0-9_]+(?=[{)[\s]|\\")/g)].map(
        ([name]) => name,
      );
      expect(named.length, file).to.be.greaterThan(3);
      const unknown = named.filter((name) => !all.has(name) && !all.has(name.replace(/_(bucket|sum|count)$/, '')));
      expect(unknown, file).to.deep.equal([]);
    }
  });

  it('each alert rule has a paragraph in docs/monitoring.md, and each paragraph a rule', () => {
    const rules = readFileSync(projectPath('ops/prometheus/alerts.yaml'), 'utf8');
    const text = readFileSync(projectPath('docs/monitoring.md'), 'utf8');
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const explained = [...text.matchAll(/^\| `(Orders\w+)` \|/gm)].map(([, name]) => name);
    expect(explained).to.deep.equal(alerts);
  });
});

async function scrapeWithAccess(url: string, issuer: TokenIssuer): Promise<string> {
  const token = await issuer.sign({ scope: 'metrics:read' });
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).to.equal(200);
  return response.text();
}

/** Parses the text of a scrape. A histogram's samples belong to its name. */
function parse(text: string): Map<string, Metric> {
  const found = new Map<string, Metric>();
  for (const block of text.split(/^(?=# HELP )/m)) {
    const [, name = '', help = ''] = /^# HELP (\S+) (.*)$/m.exec(block) ?? [];
    const [, type = ''] = /^# TYPE \S+ (.*)$/m.exec(block) ?? [];
    if (name)
      found.set(name, { type, help, samples: block.split('\n').filter((line) => line && !line.startsWith('#')) });
  }
  return found;
}
