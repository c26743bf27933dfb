import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { localUrl } from '../../../src/cli/commands/doctor.js';
import { commandNames, runCommand } from '../../../src/cli/run-command.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { recordingTerminal, runOrders } from '../../support/orders-command.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { call } from '../../support/service.js';

describe('The command line for operators', () => {
  let log: TestLog;
  let service: LocalService;
  let env: Record<string, string>;
  before(async () => {
    log = await createTestLog(2);
    service = await startLocalService(log, { ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes' });
    env = { ORDERS_URL: service.url, ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes', PORT: new URL(service.url).port };
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  const run = (...args: string[]) => runOrders(log, args, env);
  const placed = '{"user_id":"u-1","item_ids":["a","a"],"total_amount":20}';

  it('places, pays, shows and lists orders over HTTP', async () => {
    const place = await run('place', '--data', placed, '--json');
    expect(place.code, place.output).to.equal(0);
    const { order_id: id } = JSON.parse(place.stdout);
    const pay = await run('pay', id, '--data', '{"amount":5}');
    expect(pay.stdout)
      .to.match(/^ {2}status +pending, partially_paid$/m)
      .and.to.match(/^ {2}balance +15\.00 USD$/m);
    const first = await run('get', id, '--version', '1', '--json');
    expect(JSON.parse(first.stdout)).to.include({ version: 1, payment_status: 'unpaid' });
    for (const filter of [
      ['--status', 'pending,shipped'],
      ['--payment-status', 'partially_paid'],
    ])
      await eventually('the list', async () =>
        JSON.parse((await run('list', '--json', ...filter)).stdout).orders.some(
          ({ order_id }: { order_id: string }) => order_id === id,
        ),
      );
    for (const wrong of [
      ['list', '--status', 'pnding'],
      ['list', '--limit', 'many'],
      ['get', id, '--version', 'last'],
    ])
      expect((await run(...wrong)).code, wrong.join(' ')).to.equal(2);
    await eventually('the list', async () => (await run('list', '--user', 'u-1')).stdout.includes(id));
  });

  it('sends a command once under one key, and says why the service refused it', async () => {
    const ids = await Promise.all(
      ['1', '2'].map(async () => (await run('place', '--data', placed, '--key', 'k-1', '--json')).stdout),
    );
    expect(JSON.parse(ids[0] ?? '').order_id).to.equal(JSON.parse(ids[1] ?? '').order_id);
    const refused = await run('ship', JSON.parse(ids[0] ?? '').order_id);
    expect([refused.code, refused.stdout]).to.deep.equal([1, '']);
    expect(refused.output).to.match(/^orders: .*pending/);
    const invalid = await run('place', '--data', '{"user_id":"u"}');
    expect(invalid.output).to.match(/\n {2}\/\S* ./);
    expect(await run('place', '--data', '{user')).to.deep.include({ code: 2 });
  });

  it('says what to do if the service cannot be reached, or asks for a key', async () => {
    const away = await runOrders(log, ['list', '--url', 'http://127.0.0.1:1']);
    expect([away.code, away.output]).to.satisfy(
      () => away.code === 1 && /start it, or set ORDERS_URL/.test(away.output),
    );
    const closed = await startLocalService(log, { ORDERS_AUTH: 'required' });
    const { output } = await runOrders(log, ['list', '--url', closed.url]);
    await closed.stop();
    expect(output).to.include('Set ORDERS_API_KEY to a key');
  });

  it('orders status --json has the state of every projection', async () => {
    const { code, stdout } = await run('status', '--json');
    const { projections, partitions } = JSON.parse(stdout);
    expect([code, partitions, projections.length]).to.deep.equal([0, 2, 4]);
    expect(projections[0]).to.include({ name: 'order-status', state: 'live' });
  });

  it('orders doctor says what is well, what is missing, and what is wrong', async () => {
    const well = await run('doctor');
    expect(well.code, well.output).to.equal(0);
    expect(well.stdout)
      .to.match(/^· PostgreSQL: configured, version .*, login \S+.*migrated/m)
      .and.to.match(/^· Redis: configured, (Redis|Valkey) \d+\.\d/m)
      .and.to.match(/^· projections: live$/m)
      .and.to.match(/^· service: it keeps its promises/m)
      .and.to.match(/^! keys: ORDERS_SIGNING_KEY_FILES is not set/m);
    const wrong = await runOrders(
      { databaseUrl: log.databaseUrl, redisUrl: 'redis://127.0.0.1:1' },
      ['doctor', '--json'],
      env,
    );
    expect(wrong.code).to.equal(1);
    const { findings } = JSON.parse(wrong.stdout) as { findings: { level: string; about: string }[] };
    expect(findings.filter(({ level }) => level === 'wrong').map(({ about }) => about)).to.deep.equal(['Redis']);
    expect(wrong.stdout).to.match(/connect ECONNREFUSED 127\.0\.0\.1:1/);
    const away = { databaseUrl: log.databaseUrl, redisUrl: 'redis://127.0.0.1:1' };
    expect((await runOrders(away, ['status'], env)).output).to.match(/^orders: Redis cannot be reached$/m);
  });

  it('orders status says what Redis asks for, if it does not let anybody read the states', async () => {
    const redisUrl = new URL(log.redisUrl);
    redisUrl.password = '';
    const { code, output } = await runOrders({ ...log, redisUrl: redisUrl.href }, ['status'], env);
    expect(code).to.equal(1);
    expect(output).to.match(/^orders: Redis asks for a password: add it to REDIS_URL$/m);
  });

  it('orders doctor finds it wrong that a file of keys cannot be read, as the service does not start then', async () => {
    const keys = { ORDERS_SIGNING_KEY_FILES: '/nowhere/key.pem', ORDERS_PERSONAL_DATA_KEY_FILE: '/nowhere/master.key' };
    const { code, stdout } = await runOrders(log, ['doctor'], { ...env, ...keys });
    expect(code).to.equal(1);
    expect(stdout)
      .to.match(/^x keys: the signing key cannot be read: .*\/nowhere\/key\.pem/m)
      .and.to.match(/^x keys: .*\/nowhere\/master\.key/m);
  });

  it('orders doctor notes that the service is stopped, and does not count it as a fault', async () => {
    const other = await createTestLog(2);
    const stopped = await startLocalService(other);
    const port = new URL(stopped.url).port;
    await stopped.stop();
    const found = await eventually('no owner to be left', async () => {
      const result = await runOrders(other, ['doctor'], { PORT: port });
      return /^! projections: no process of the service is running/m.test(result.stdout) && result;
    });
    await other.close();
    expect(found.code, found.output).to.equal(0);
    expect(found.stdout).to.match(/^! service: nothing responds at/m);
  });

  it('orders doctor finds it wrong that processes run and none of them projects, though none responds here', async () => {
    const other = await createTestLog(2);
    const api = await startLocalService(other, { ORDERS_ROLES: 'api' });
    const found = await runOrders(other, ['doctor'], { PORT: '1' });
    await api.stop();
    await other.close();
    expect(found.code, found.output).to.equal(1);
    expect(found.stdout)
      .to.match(/^! service: nothing responds at/m)
      .and.to.match(/^· processes: \S+:\d+:\w{4} \(api, release \S+\) reported \d+ s ago$/m)
      .and.to.match(/^x projections: /m);
  });

  it('orders status --watch clears the screen before each output', async () => {
    const terminal = recordingTerminal('status', { DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl });
    const printedBefore: number[] = [];
    const clear = () => {
      printedBefore.push(terminal.ended().stdout.length);
      if (printedBefore.length === 2) throw new Error('seen twice');
    };
    await runCommand(['status', '--watch'], { ...terminal, clear });
    const { stdout, output } = terminal.ended();
    expect(printedBefore).to.deep.equal([0, stdout.length]);
    expect(output).to.match(/^log .*seen twice/s);
  });

  it('orders status --watch shows a failure of Redis in words, and asks again', async () => {
    const terminal = recordingTerminal('status', { DATABASE_URL: log.databaseUrl, REDIS_URL: 'redis://127.0.0.1:1' });
    let outputs = 0;
    const clear = () => {
      outputs += 1;
      if (outputs === 3) throw new Error('seen enough');
    };
    await runCommand(['status', '--watch'], { ...terminal, clear });
    const { output } = terminal.ended();
    expect(output.match(/asking again every 2 s/g), output).to.have.length(2);
    expect(output).to.match(/seen enough/);
  });

  it('orders doctor asks the service at the address that HOST and PORT lead to', () => {
    expect(localUrl({ host: '0.0.0.0', port: 80 })).to.equal('http://127.0.0.1:80');
    expect(localUrl({ host: '::', port: 80 })).to.equal('http://[::1]:80');
    expect(localUrl({ host: 'fe80::1', port: 80 })).to.equal('http://[fe80::1]:80');
    expect(localUrl({ host: 'orders.example', port: 80 })).to.equal('http://orders.example:80');
  });

  it('asks before what cannot be undone, and needs --yes in a script', async () => {
    const { body } = await call(service, 'POST', '/webhooks', { url: 'http://127.0.0.1:9/hook' });
    const id = body.webhook_id;
    const asked = await run('webhooks', 'delete', id);
    expect([asked.code, asked.output]).to.satisfy(
      () => asked.code === 2 && /Add --yes/.test(asked.output),
      asked.output,
    );
    const no = await runOrders(log, ['webhooks', 'delete', id], env, 'no');
    expect(no.code).to.equal(2);
    const shown = await run('webhooks', 'show', id);
    expect(shown.stdout).to.match(/^url +http:\/\/127\.0\.0\.1:9\/hook$/m);
    expect(JSON.parse((await run('webhooks', 'list', '--json')).stdout)).to.have.length(1);
    expect((await runOrders(log, ['webhooks', 'delete', id], env, 'yes')).code).to.equal(0);
    expect(JSON.parse((await run('webhooks', 'list', '--json')).stdout)).to.deep.equal([]);
  });

  it('names the release, and suggests a command and an option that are spelt alike', async () => {
    expect((await run('--version')).stdout).to.match(/^orders \d+\.\d+\.\d+ /);
    const command = await run('stauts');
    expect([command.code, command.output]).to.deep.equal([
      2,
      'orders: there is no command "stauts". Did you mean `orders status`?\n',
    ]);
    expect((await run('status', '--jsn')).output).to.match(/Did you mean --json\?/);
    expect((await run('help', 'status')).stdout).to.match(/^orders status/);
  });

  it('completes commands, actions and options in bash, zsh and fish', async () => {
    const script = async (shell: string) => (await run('completion', shell)).stdout;
    for (const shell of ['bash', 'zsh', 'fish']) {
      const text = await script(shell);
      for (const name of commandNames) expect(text, shell).to.include(name);
    }
    const complete = (words: string, at: number, text: string) =>
      execFileSync(
        'bash',
        ['-c', `${text}\nCOMP_WORDS=(${words}); COMP_CWORD=${at}; _orders; echo "\${COMPREPLY[*]}"`],
        { encoding: 'utf8' },
      ).trim();
    const bash = await script('bash');
    expect(complete('orders sta', 1, bash)).to.equal('status');
    expect(complete('orders webhooks ro', 2, bash)).to.equal('rotate-secret');
    expect(complete('orders export --fo', 2, bash)).to.equal('--format');
    expect(complete('orders replay order-h', 2, bash)).to.equal('order-history');
    expect(complete('orders help sta', 2, bash)).to.equal('status');
    expect((await run('completion', 'tcsh')).code).to.equal(2);
  });
});
