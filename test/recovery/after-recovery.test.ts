import { expect } from 'chai';
import pg from 'pg';
import { createCheckpointPayload, type SignedCheckpointPayload } from '../../src/audit/signed-checkpoint.js';
import { verifyLog } from '../../src/audit/verify-log.js';
import { lostSince } from '../../src/cli/commands/recover/lost-events.js';
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

describe('after a restore', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(1);
  });
  afterEach(() => log.close());

  it('no two events have the same webhook id, and an event that was kept has its old one', async () => {
    const append = appender(log);
    await createWebhookStore(log.pool).create('https://shop.example/', undefined, 'test');
    const ids = async () => {
      await enqueueEvents(log.pool, 0);
      const due = await readDueDeliveries(log.pool, [0], []);
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

  it('a checkpoint from before the loss names what is missing since, before and after recover', async () => {
    const append = appender(log);
    const checkpoint = async () => createCheckpointPayload(log.pool, await readLogSettings(log.pool));
    const verify = async (against: SignedCheckpointPayload) => {
      const { epochs } = await readLogSettings(log.pool);
      const findings = await verifyLog({ pool: log.pool, partitions: 1, epochs, against, inParallel: 1 });
      return findings.map(({ position, reason, detail }) => `${position} ${reason}: ${detail}`);
    };
    await place(append, orderIdIn(0, 1));
    const kept = await checkpoint();
    const backup = await backUp(log);
    await place(append, orderIdIn(0, 1));
    await place(append, orderIdIn(0, 1));
    const lost = await checkpoint();
    await restore(log, backup);
    expect(await lostSince(log, log.settings.epochs, { epoch: '1', positions: lost.partitions })).to.deep.equal([
      { partition: 0, keptUpTo: 1, knownUpTo: 3 },
    ]);
    expect(await verify(lost)).to.deep.equal([
      '2 cut-off: the events from here to 3 of the checkpoint are missing: the log ends before them',
    ]);
    const epoch = await startEpoch(log.databaseUrl, epochOptions);
    const renewed = createAppender(log.pool, log.settings, {}, { epoch, position: () => 0, maxClockBehindMs: 1_000 });
    for (let nth = 0; nth < 4; nth += 1) await place(renewed.append, orderIdIn(0, 1));
    expect(await verify(lost)).to.deep.equal([
      '2 lost: the events from here to 3 of the checkpoint were lost before a later epoch began',
    ]);
    expect(await verify(kept)).to.deep.equal([]);
    const renewedCheckpoint = await checkpoint();
    expect([kept.epoch, renewedCheckpoint.epoch]).to.deep.equal([undefined, epoch]);
    expect(await verify(renewedCheckpoint)).to.deep.equal([]);
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
