import { copyFile, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { readSigningKeys } from '../../src/audit/signing-key.js';
import { projectPath } from '../../src/project-path.js';
import { blocksRunBy } from '../support/block-runs.js';
import { commandsOf, isShown } from '../support/console-blocks.js';
import { composeNeeds, deploymentPrograms } from '../support/deployment-programs.js';
import { call, useService } from '../support/service.js';
import { hasProgram, Shell } from '../support/shell.js';

const test = 'test/docs/commands.test.ts';
const key = (name: string) => projectPath('test', 'fixtures', 'format-1', name);
const env = {
  ORDERS_SIGNING_KEY_FILES: key('signing-key.pem'),
  ORDERS_PERSONAL_DATA_KEY_FILE: key('personal-data.key'),
};

/** The commands of a page, of which there are as many as the test expects. */
function commandsIn(page: string, count: number): string[] {
  const commands = blocksRunBy(test, page).flatMap((block) => commandsOf(block).map(({ command }) => command));
  expect(commands, page).to.have.length(count);
  return commands;
}

interface ApiKey {
  readonly key_id: string;
  readonly revoked_at: string | null;
}

/** The output of `orders keys create`. */
const keyPattern = /^ok_\S+\n$/;

const linesOf = (text: string) => text.trimEnd().split('\n');

describe('the commands of the documents', () => {
  const service = useService(env);
  let shell: Shell;
  const orders: { id: string; position: string }[] = [];
  before(async () => {
    shell = await Shell.open(service, env, deploymentPrograms(service.log));
    for (const user_id of ['u-1', 'u-2']) {
      const body = { user_id, item_ids: ['a'], total_amount: 10 };
      const { body: order, headers } = await call(service, 'POST', '/orders', body, { prefer: 'wait=10' });
      orders.push({ id: order.order_id, position: headers.get('event-position') ?? '' });
    }
  });
  after(() => shell?.close());

  const file = (name: string) => join(shell.folder, name);
  /** Runs the commands one after the other. */
  const runAll = async (commands: readonly string[]) => {
    const outputs: string[] = [];
    for (const command of commands) outputs.push(await shell.run(command));
    return outputs;
  };

  it('README.md imports the data set that it names, and creates API keys', async () => {
    await mkdir(file('path/to'), { recursive: true });
    await copyFile(projectPath('test/fixtures/cdnow-excerpt.csv'), file('path/to/cdnow.csv'));
    const [imported, created, , inContainer] = await runAll(commandsIn('README.md', 4));
    expect(imported).to.match(/^(\d+) lines: \1 imported, 0 already there, 0 rejected/);
    for (const output of [created, inContainer]) expect(output).to.match(keyPattern);
  });

  it('docs/access.md creates, lists and revokes an API key', async () => {
    const [create = '', list = '', revoke = '', revokeCreated = ''] = commandsIn('docs/access.md', 4);
    const [, id = ''] = /^ok_([^_]+)_/.exec(await shell.run(create)) ?? [];
    expect(await shell.run(list)).to.include(id);
    expect(revoke).to.match(/ ID$/);
    await shell.run(revoke.replace(/ID$/, `${id} --yes`));
    const listed = JSON.parse(await shell.run('npx orders keys list --json')) as ApiKey[];
    expect(listed.find(({ key_id }) => key_id === id)?.revoked_at).to.be.a('string');
    const [, other = ''] = /^ok_([^_]+)_/.exec(await shell.run(create)) ?? [];
    expect(await shell.run(revokeCreated.replace(/ID .*/, `${other} --yes`))).to.include(other);
  });

  it('docs/operations.md rebuilds read models, shows them as they were, and verifies the log', async () => {
    const [rebuild = '', dryRun = '', metrics = '', list = '', changed = '', ...verify] = commandsIn(
      'docs/operations.md',
      7,
    );
    const [rebuilt, compared] = await runAll([rebuild, dryRun]);
    expect(rebuilt).to.match(/metrics/);
    expect(compared).to.match(/order-status[\s\S]*order-history[\s\S]*metrics/);
    expect(JSON.parse(linesOf(await shell.run(metrics))[0] ?? '')).to.include({ currency: 'USD' });
    const [first] = orders;
    expect(list).to.include('3:120');
    await shell.run(list.replace('3:120', first?.position ?? ''));
    const listed = linesOf(await readFile(file('orders.ndjson'), 'utf8')).map((line) => JSON.parse(line).order_id);
    expect(listed).to.include(first?.id);
    // The read models differ from those of an earlier time, unless the clock is behind that time.
    expect((await shell.end(changed)).code).to.be.oneOf([0, 3]);
    expect((await runAll(verify)).join('')).to.match(/intact/);
  });

  it('docs/audit.md checks an export and proofs with the verifier in Python', async function () {
    if (!(await hasProgram('python3'))) this.skip();
    await symlink(projectPath('docs'), file('docs'));
    const history = `localhost:3000/orders/${orders[0]?.id}/history?proof=true`;
    await runAll([
      'npx orders export > events.ndjson',
      'npx orders checkpoint > checkpoint.json',
      'curl -s localhost:3000/.well-known/jwks.json > jwks.json',
      `curl -s '${history}' > proof.json`,
      'npx orders checkpoint --since checkpoint.json > consistency.json',
    ]);
    const outputs = await runAll(commandsIn('docs/audit.md', 4));
    expect(outputs.join('')).to.match(/events match[\s\S]*checkpoint[\s\S]*unchanged as of[\s\S]*nothing up to/);
  });

  it('docs/deployment.md creates keys that the service accepts, and all that its containers need', async function () {
    if (!(await hasProgram('openssl'))) this.skip();
    const [keys, compose, prometheus, kubernetes] = blocksRunBy(test, 'docs/deployment.md').map(({ code }) => code);
    const run = (code = '') => shell.run(`set -e\n${code}`);
    await run(keys);
    expect(await readSigningKeys([file('signing-key.pem')], false)).to.have.length(1);
    const masterKey = await readFile(file('personal-data.key'), 'utf8');
    expect(Buffer.from(masterKey.trim(), 'base64')).to.have.length(32);

    const { files, variables } = composeNeeds();
    expect(await run(compose)).to.match(keyPattern);
    for (const path of files) expect((await stat(file(path))).mode & 0o777, path).to.equal(0o644);
    const set = linesOf(await readFile(file('.env'), 'utf8')).map((line) => line.split('=')[0]);
    expect(set.toSorted()).to.deep.equal(variables);
    await run(prometheus);
    expect(await readFile(file('secrets/prometheus-key'), 'utf8')).to.match(keyPattern);
    expect(await run(kubernetes)).to.match(keyPattern);
  });

  it('docs/privacy.md shows sealed data as the log stores it', async () => {
    const [block] = blocksRunBy(test, 'docs/privacy.md');
    const { rows } = await service.log.owner.query('select data::text, metadata from events where order_id = $1', [
      orders[0]?.id,
    ]);
    expect(isShown(block?.code.trim() ?? '', rows[0].data), rows[0].data).to.equal(true);
    expect(rows[0].metadata.person).to.match(/^[0-9a-f-]{36}$/);
  });

  it('docs/import.md imports orders of its columns, and previews and checks the file before', async () => {
    const [place = '', preview = '', dryRun = '', shopify = '', retail = ''] = commandsIn('docs/import.md', 7);
    const rows = ['id,customer,placed,total,sku', '7001,ada,2026-03-01T10:00:00Z,20.00,lamp'];
    await writeFile(file('orders.csv'), `${rows.join('\n')}\n`);
    // The options of the first command are left out of the others.
    const options = /orders\.csv ([\s\S]*)$/.exec(place)?.[1] ?? '';
    const [previewed, checked, placed] = await runAll([
      preview.replace('…', options),
      dryRun.replace('…', options),
      place,
    ]);
    expect(previewed).to.match(/ada[\s\S]*lamp[\s\S]*the first 1 orders; nothing was placed/);
    expect(checked).to.match(/^1 lines: 1 accepted[\s\S]*nothing was placed/);
    expect(placed).to.match(/^1 lines: 1 imported, 0 already there, 0 rejected/);

    await copyFile(projectPath('test/fixtures/import/shopify.csv'), file('orders_export.csv'));
    await copyFile(projectPath('test/fixtures/import/uci-online-retail.csv'), file('OnlineRetail.csv'));
    const [shop, invoices] = await runAll([shopify, retail]);
    expect(shop).to.match(/ada@shop\.example[\s\S]*the first 4 orders; nothing was placed/);
    expect(invoices).to.match(/^5 orders: 3 imported, 0 already there, 0 rejected/);
  });

  it('docs/import.md joins the files of Olist to one that is imported', async function () {
    if (!(await hasProgram('sqlite3'))) this.skip();
    const text = await readFile(projectPath('test/fixtures/import/olist-payments.csv'), 'utf8');
    const table = linesOf(text).map((line) => line.split(','));
    const [names = []] = table;
    const write = async (name: string, columns: readonly string[]) => {
      const cells = table.map((row) => columns.map((column) => row[names.indexOf(column)]).join(','));
      // Orders without payments have empty cells in the join.
      const rows = [...new Set(cells)].filter((row) => !/,,/.test(row) || name !== 'order_payments');
      await writeFile(file(`olist_${name}_dataset.csv`), `${rows.join('\n')}\n`);
    };
    await write('orders', names.slice(0, 8));
    await write('order_items', ['order_id', 'order_item_id', 'product_id', 'price', 'freight_value']);
    await write('customers', ['customer_id', 'customer_unique_id']);
    await write('order_payments', ['order_id', 'payment_sequential', 'payment_type', 'payment_value']);
    const [, imported] = await runAll(commandsIn('docs/import.md', 7).slice(5));
    expect(linesOf(await readFile(file('olist.csv'), 'utf8'))).to.have.length(table.length);
    expect(imported).to.match(/^4 orders: 4 imported, 0 already there, 0 rejected/);
  });

  it('docs/command-line.md reads the JSON of commands, which have the fields that it names', async function () {
    if (!(await hasProgram('jq'))) this.skip();
    const [list = '', forget = '', dryRun = ''] = commandsIn('docs/command-line.md', 3);
    expect(linesOf(await shell.run(list))).to.include.members(orders.map(({ id }) => id));
    expect(JSON.parse(await shell.run(forget))).to.deep.equal([]);
    const compared = await shell.run(dryRun);
    expect(compared.match(/"differences_total": 0/g)).to.have.length(4);
  });
});
