import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { readLogSettings } from '../../src/event-log/database.js';
import { startEpoch } from '../../src/event-log/operators/start-epoch.js';
import { storedEvent } from '../../src/event-log/stored-event.js';
import { messageOf } from '../../src/webhooks/attempt.js';
import { readDueDeliveries } from '../../src/webhooks/deliveries.js';
import { enqueueEvents } from '../../src/webhooks/enqueue.js';
import { createWebhookStore } from '../../src/webhooks/webhook-store.js';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
import { runOrders } from '../support/orders-command.js';
import { expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { backUp, restore } from '../support/restore.js';
import { createTestLog, type TestLog } from '../support/servers.js';

const epochOptions = { actor: 'test', reason: 'test', lost: null, resetClock: false };

describe('after a restore', function () {
  this.timeout(60_000);
  let log: TestLog;
  let folder: string;
  beforeEach(async () => {
    log = await createTestLog(1);
    folder = await mkdtemp(join(tmpdir(), 'orders-restored-'));
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('no two events have the same webhook id, and an event that was kept has its old one', async () => {
    const append = appender(log);
    await createWebhookStore(log.pool).create('https://shop.example/', undefined, 'test');
    const ids = async () => {
      await enqueueEvents(log.pool, 0);
      const due = await readDueDeliveries(log.pool, [0]);
      return due.map((one) => messageOf(storedEvent(one), log.settings.logId.slice(0, 8), one.epoch).id).toSorted();
    };
    await place(append, orderIdIn(0, 1));
    const backup = await backUp(log);
    await place(append, orderIdIn(0, 1));
    await place(append, orderIdIn(0, 1));
    const before = await ids();
    await restore(log, backup);
    const epoch = await startEpoch(log.databaseUrl, epochOptions);
    const renewed = createAppender(log.pool, log.settings, {}, { epoch, position: () => 0, maxClockBehindMs: 1_000 });
    await place(renewed.append, orderIdIn(0, 1));
    const after = await ids();
    const name = log.settings.logId.slice(0, 8);
    expect(before).to.deep.equal([1, 2, 3].map((position) => `evt_${name}_0_${position}`));
    // The operator event at position 2 is no order's.
    expect(after).to.deep.equal([`evt_${name}_0_1`, `evt_${name}_${epoch}_0_3`]);
  });

  it('orders verify --against says what is missing since a checkpoint, before and after recover', async () => {
    const keyFile = join(folder, 'key.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const env = { ORDERS_SIGNING_KEY_FILES: keyFile };
    const append = appender(log);
    const checkpoint = async (name: string) => {
      const { stdout } = await runOrders(log, ['checkpoint'], { env });
      await writeFile(join(folder, name), stdout);
    };
    const verify = (name: string) => runOrders(log, ['verify', '--against', join(folder, name)], { env });
    await place(append, orderIdIn(0, 1));
    await checkpoint('kept');
    const backup = await backUp(log);
    await place(append, orderIdIn(0, 1));
    await place(append, orderIdIn(0, 1));
    await checkpoint('lost');
    await restore(log, backup);
    const dryRun = await runOrders(log, ['recover', '--dry-run', '--against', join(folder, 'lost')], { env });
    expect(dryRun.stdout).to.match(/the checkpoint of .*: the log has lost events\n.*\n +0 +1 +3 +2\n/);
    const unrecovered = await verify('lost');
    expect([unrecovered.code, unrecovered.stdout]).to.satisfy(
      ([code, text]: [number, string]) => code === 3 && /position 2: cut-off: the events from here to 3/.test(text),
      unrecovered.output,
    );
    const epoch = await startEpoch(log.databaseUrl, epochOptions);
    const renewed = createAppender(log.pool, log.settings, {}, { epoch, position: () => 0, maxClockBehindMs: 1_000 });
    for (let nth = 0; nth < 4; nth += 1) await place(renewed.append, orderIdIn(0, 1));
    const recovered = await verify('lost');
    expect(recovered.code, recovered.output).to.equal(3);
    expect(recovered.stdout).to.include(`epoch ${epoch} of the log began at`);
    expect(recovered.stdout).to.match(/position 2: lost: the events from here to 3 of the checkpoint were lost/);
    const kept = await verify('kept');
    expect([kept.code, kept.output]).to.satisfy(([code]: [number]) => code === 0, kept.output);
    await checkpoint('new');
    expect((await verify('new')).code).to.equal(0);
  });

  it('a rebuild alone repairs read models that are ahead of the log', async () => {
    const append = appender(log);
    await place(append, orderIdIn(0, 1));
    const backup = await backUp(log);
    await place(append, orderIdIn(0, 1));
    const first = await startProjector(log);
    await projected(log);
    await first.stop();
    await restore(log, backup);
    const { code, output } = await runOrders(log, ['replay', 'all']);
    expect(code, output).to.equal(0);
    expect(output).to.match(/order-status: generation 2 is live \(1 events/);
    // The events after it are projected from there.
    await place(append, orderIdIn(0, 1));
    const { stop } = await startProjector(log);
    await projected(log);
    const fresh = { ...log, owner: await reconnected(log) };
    await expectReadModelsEqualTheLog(fresh);
    await fresh.owner.end();
    await stop();
  });

  it('the settings of the log have its epochs', async () => {
    expect((await readLogSettings(log.pool)).epochs.current).to.equal('1');
    await place(appender(log), orderIdIn(0, 1));
    const second = await startEpoch(log.databaseUrl, epochOptions);
    const third = await startEpoch(log.databaseUrl, { ...epochOptions, resetClock: true });
    const { epochs } = await readLogSettings(log.pool);
    expect(
      epochs.further.map(({ name, clockReset, startsAfter }) => [name, clockReset, startsAfter.get(0)]),
    ).to.deep.equal([
      [second, false, 1],
      [third, true, 2],
    ]);
    expect([second, third]).to.satisfy(([a, b]: string[]) => /^2-[0-9a-f]{8}$/.test(a ?? '') && b?.startsWith('3-'));
  });
});

async function reconnected({ databaseUrl }: TestLog) {
  const owner = new pg.Client({ connectionString: databaseUrl });
  await owner.connect();
  return owner;
}
