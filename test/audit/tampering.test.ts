import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createCheckpointPayload, type SignedCheckpointPayload } from '../../src/audit/signed-checkpoint.js';
import { verifyLog } from '../../src/audit/verify-log.js';
import { brokenStream } from '../../src/audit/verify-partition.js';
import { appender, event, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { runOrders } from '../support/orders-command.js';
import { projected } from '../support/read-models.js';
import { liveKeys } from '../support/redis-keys.js';
import { createTestLog, type TestLog } from '../support/servers.js';

const partition = 1;
const middle = 6;
const last = 12;

/**
 * Changes that a superuser with the triggers disabled could make to partition 1. Hashes and heads
 * stay as they are.
 */
const tampering: Record<string, { sql: string; reason?: string; position?: number }> = {
  'edits data': { sql: `update events set data = '{"forged":true}' where AT 6` },
  'edits one digit of an amount': {
    sql: `update events set data = replace(data::text, '1000', '1001')::json where AT 7`,
    position: 7,
  },
  'edits whitespace in data': { sql: `update events set data = (data::text || ' ')::json where AT 6` },
  'edits metadata': { sql: `update events set metadata = '{"schema":1,"actor":"somebody else"}' where AT 6` },
  'edits the actor alone': {
    sql: `update events set metadata = replace(metadata::text, 'test', 'tset')::json where AT 6`,
  },
  'edits occurred_at': { sql: `update events set occurred_at = occurred_at + interval '1 ms' where AT 6` },
  'edits recorded_at': { sql: `update events set recorded_at = recorded_at - interval '1 day' where AT 6` },
  'edits the type': { sql: `update events set type = 'OrderCancelled' where AT 6` },
  'edits the version': { sql: `update events set version = 77 where AT 6`, reason: 'out-of-place' },
  'moves an event to another order': {
    sql: `update events set order_id = (select order_id from events where AT 3), version = 9 where AT 6`,
    reason: 'out-of-place',
  },
  'edits the hash': { sql: `update events set hash = decode(repeat('ab', 32), 'hex') where AT 6` },
  'swaps two events': {
    sql: `update events set "position" = 1000 where AT 6; update events set "position" = 6 where AT 5;
          update events set "position" = 5 where partition = 1 and "position" = 1000`,
    position: 5,
    reason: 'out-of-place',
  },
  'deletes an event in the middle': { sql: 'delete from events where AT 6', reason: 'missing' },
  'deletes the first event': { sql: 'delete from events where AT 1', reason: 'missing', position: 1 },
  'deletes the last event': { sql: 'delete from events where AT 12', reason: 'missing', position: 12 },
  'deletes an event and closes the gap': {
    sql: `delete from events where AT 6;
          update events set "position" = "position" + 1000 where partition = 1 and "position" > 6;
          update events set "position" = "position" - 1001 where partition = 1 and "position" > 1000`,
  },
  'inserts an event and moves the later ones': {
    sql: `update events set "position" = "position" + 1000 where partition = 1 and "position" > 5;
          update events set "position" = "position" - 999 where partition = 1 and "position" > 1000;
          insert into events select 1, 6, order_id, 99, type, data, metadata, occurred_at, recorded_at, hash from events where AT 5`,
    reason: 'out-of-place',
  },
  'inserts an event of another partition': {
    sql: `update events set order_id = '018f0000-0000-7000-8000-000000000002', version = 1 where AT 6`,
    reason: 'inserted',
  },
  'appends an event without the append functions': {
    sql: `insert into events select 1, 13, gen_random_uuid(), 1, type, data, metadata, occurred_at, recorded_at, hash from events where AT 12;
          update partition_heads set head = 13 where partition = 1`,
    position: 13,
    reason: 'any',
  },
  'inserts an event after the head': {
    sql: `insert into events select 1, 13, gen_random_uuid(), 1, type, data, metadata, occurred_at, recorded_at, hash from events where AT 12`,
    position: 13,
    reason: 'beyond-head',
  },
  'moves the head back': { sql: `update partition_heads set head = 11 where partition = 1`, position: 11 },
  'moves the head on': {
    sql: `update partition_heads set head = 13 where partition = 1`,
    position: 13,
    reason: 'missing',
  },
};

/** Recomputes all hashes of partition 1, as a forger would: chain and head then agree again. */
const rehash = `
  do $$ declare e record; h bytea := decode(repeat('00', 32), 'hex'); begin
    for e in select * from events where partition = 1 order by "position" loop
      h := sha256(h || event_canonical_form(e.partition, e."position", e.order_id, e.version, e.type,
        canonical_time(e.occurred_at), canonical_time(e.recorded_at), e.data::text, e.metadata::text));
      update events set hash = h where partition = 1 and "position" = e."position";
    end loop;
    update partition_heads set hash = h, head = (select count(*) from events where partition = 1) where partition = 1;
  end $$`;

describe('a log that was tampered with', () => {
  let log: TestLog;
  let checkpoint: SignedCheckpointPayload;

  before(async () => {
    log = await createTestLog(4);
    const append = appender(log);
    const orders = [orderIdIn(1, 4), orderIdIn(1, 4), orderIdIn(1, 4), orderIdIn(1, 4)];
    for (const orderId of orders) await place(append, orderId);
    for (const orderId of orders)
      await append({
        orderId,
        expectedVersion: 1,
        events: [event('OrderPaid', { amount_minor: 1000, payment_reference: null }), noteEvent('n')],
      });
    for (const other of [0, 2, 3]) await place(append, orderIdIn(other, 4));
    checkpoint = await createCheckpointPayload(log.pool, log.settings);
    for (const table of tables) await log.owner.query(`create table kept_${table} as table ${table}`);
  });
  afterEach(async () => {
    await disableTriggers();
    for (const table of tables) {
      await log.owner.query(`truncate ${table}; insert into ${table} table kept_${table}`);
      await log.owner.query(`alter table ${table} enable trigger all`);
    }
  });
  after(() => log.close());

  const tables = ['events', 'partition_heads', 'merkle_nodes'];
  async function disableTriggers(): Promise<void> {
    for (const table of tables) await log.owner.query(`alter table ${table} disable trigger all`);
  }

  const verify = (against?: SignedCheckpointPayload) =>
    verifyLog({ pool: log.pool, partitions: 4, inParallel: 2, against });
  async function tamper(...statements: string[]): Promise<void> {
    await disableTriggers();
    for (const sql of statements) await log.owner.query(sql.replace(/AT (\d+)/g, 'partition = 1 and "position" = $1'));
  }

  it('verification finds a stored Merkle tree that does not match the events', async () => {
    const append = appender(log);
    const [order] = [orderIdIn(2, 4)];
    await place(append, order);
    for (let version = 1; version < 300; version += 50) {
      await append({
        orderId: order,
        expectedVersion: version,
        events: Array.from({ length: 50 }, () => noteEvent('n')),
      });
    }
    await createCheckpointPayload(log.pool, log.settings);
    expect(await verify()).to.deep.equal([]);
    await tamper(`update merkle_nodes set hash = decode(repeat('ab', 32), 'hex') where partition = 2`);
    expect(await verify())
      .to.have.length(1)
      .and.to.have.nested.property('[0].reason', 'tree-altered');
  });

  it('verification finds nothing in an intact log, even when events were appended after the checkpoint', async () => {
    expect(await verify()).to.deep.equal([]);
    expect(await verify(checkpoint)).to.deep.equal([]);
    // Later events are no tampering.
    await place(appender(log), orderIdIn(1, 4));
    expect(await verify(checkpoint)).to.deep.equal([]);
  });

  for (const [what, { sql, reason = 'altered', position = middle }] of Object.entries(tampering)) {
    it(`verification names the place when somebody ${what}`, async () => {
      await tamper(sql);
      const findings = await verify();
      expect(findings.map((one) => one.partition)).to.deep.equal([partition]);
      expect(findings[0]?.position).to.equal(position);
      if (reason !== 'any') expect(findings[0]?.reason, findings[0]?.detail).to.equal(reason);
    });
  }

  for (const [what, sql] of Object.entries({
    'edits an event': `update events set data = '{"forged":true}' where AT 6`,
    'deletes the last event': `delete from events where AT ${last}`,
    'cuts off everything after the second': `delete from events where partition = 1 and "position" > 2`,
    'deletes everything': 'delete from events where partition = 1',
  })) {
    it(`verification against a checkpoint finds it when somebody ${what} and recomputes all hashes`, async () => {
      await tamper(sql, rehash);
      expect(await verify(), 'the chain alone does not show it').to.deep.equal([]);
      const findings = await verify(checkpoint);
      expect(findings.map((one) => one.partition)).to.deep.equal([partition]);
      expect(findings[0]?.reason).to.match(/not-as-checkpoint|cut-off/);
    });
  }

  it('verification finds a removed partition, even if the log is configured with fewer', async () => {
    const fewer = { pool: log.pool, partitions: 3, inParallel: 2 };
    // The events are still there, so that no checkpoint is needed to miss their partition.
    expect(await verifyLog(fewer)).to.deep.equal([
      {
        ...{ partition: 3, position: 0, reason: 'not-configured' },
        detail: 'the log is configured with 3 partitions: their number was lowered',
      },
    ]);
    await tamper('delete from partition_heads where partition = 3');
    expect((await verifyLog(fewer)).map((one) => one.partition)).to.deep.equal([3]);
    await tamper('delete from events where partition = 3');
    expect(await verifyLog(fewer), 'nothing is left that shows it').to.deep.equal([]);
    expect(
      (await verifyLog({ ...fewer, against: checkpoint })).map((one) => [one.partition, one.reason]),
    ).to.deep.equal([[3, 'missing']]);
  });

  it('verification finds a gap in a stream without a checkpoint, even when all hashes were recomputed', async () => {
    await tamper(`update events set version = version + 5 where AT ${last}`, rehash);
    const findings = await verify();
    expect(findings[0]).to.deep.include({ partition, position: last, reason: 'stream-broken' });
  });

  const ignore = () => undefined;
  const brokenStreams: Record<string, { sql: string; position: number }> = {
    'a first version that is not 1': {
      sql: 'update events set version = 99 where AT 1',
      position: 1,
    },
    'a missing version': { sql: `update events set version = version + 5 where AT ${last}`, position: last },
    'two versions in the wrong order': {
      sql: `update events set "position" = 1000 where AT 1; update events set "position" = 1 where version = 2
              and partition = ${partition} and order_id = (select order_id from events where AT 1000)`,
      position: 1,
    },
  };
  it('a verification that is cancelled while it checks the streams reads no further page of them', async () => {
    const total = last + 3;
    let verified = 0;
    let calls = 0;
    const cancelled = verifyLog({
      ...{ pool: log.pool, partitions: 4, inParallel: 1 },
      onProgress: (done) => {
        calls += 1;
        // The first call without new events is from the check of the streams.
        if (calls > 1 && done === verified) throw new Error('cancelled');
        verified = done;
      },
    });
    expect(await cancelled.catch((error: Error) => error.message)).to.equal('cancelled');
    expect(calls).to.equal(2);
    expect(verified).to.be.below(total);
  });

  it('the progress of a verification reaches all events only when the last stream is checked', async () => {
    const reported: number[] = [];
    let total = 0;
    await verifyLog({
      ...{ pool: log.pool, partitions: 4, inParallel: 1 },
      onProgress: (done, all) => {
        reported.push(done);
        total = all;
      },
    });
    expect(reported).to.deep.equal([...reported].sort((a, b) => a - b));
    expect(reported.filter((done) => done === total)).to.have.length(1);
  });

  for (const [kind, { sql, position }] of Object.entries(brokenStreams)) {
    it(`a check of the streams finds ${kind}, wherever its pages end`, async () => {
      expect(await brokenStream(log.pool, partition, ignore, 1)).to.equal(undefined);
      await tamper(sql);
      for (const pageEvents of [1, 2, 3, 5, 100]) {
        const finding = await brokenStream(log.pool, partition, ignore, pageEvents);
        expect(finding, `pages of ${pageEvents}`).to.deep.include({ position, reason: 'stream-broken' });
      }
    });
  }
});

describe('orders verify', () => {
  let log: TestLog;
  let folder: string;
  const file = (name: string) => join(folder, name);
  beforeEach(async () => {
    log = await createTestLog(4);
    folder = await mkdtemp(join(tmpdir(), 'orders-verify-'));
    for (let nth = 0; nth < 20; nth += 1) await place(appender(log), orderIdIn(nth % 4, 4));
  });
  afterEach(async () => {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const orders = async (...args: string[]) => {
    const key = file('key.pem');
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(key, pem, { flag: 'wx' }).catch(() => undefined);
    return runOrders(log, args, { ORDERS_SIGNING_KEY_FILES: key });
  };

  it('orders verify reports an intact log as intact, and names the place of a change', async () => {
    const intact = await orders('verify');
    expect([intact.code, intact.stdout]).to.satisfy(
      () => intact.code === 0 && /is intact: 20 events/.test(intact.stdout),
      intact.output,
    );
    await log.owner.query('alter table events disable trigger all');
    await log.owner.query(`update events set type = 'OrderHeld' where partition = 2 and "position" = 3`);
    const broken = await orders('verify');
    const json = await orders('verify', '--json');
    expect([json.code, JSON.parse(json.stdout).is_intact]).to.deep.equal([3, false]);
    expect(JSON.parse(json.stdout).findings).to.have.length.greaterThan(0);
    expect([broken.code, broken.stdout.split(':')[0]]).to.deep.equal([3, 'partition 2, position 3']);
  });

  it('orders verify --against finds an older backup, another log, and a forged checkpoint', async () => {
    await writeFile(file('checkpoint.json'), (await orders('checkpoint')).stdout);
    const same = await orders('verify', '--against', file('checkpoint.json'));
    expect([same.code, same.stdout]).to.satisfy(
      () => same.code === 0 && /holds all events of the checkpoint/.test(same.stdout),
      same.output,
    );

    const another = await createTestLog(4);
    await writeFile(
      file('other.json'),
      (await runOrders(another, ['checkpoint'], { ORDERS_SIGNING_KEY_FILES: file('key.pem') })).stdout,
    );
    await another.close();
    expect((await orders('verify', '--against', file('other.json'))).stdout).to.match(/it was replaced/);

    const { checkpoint, jws } = JSON.parse((await orders('checkpoint')).stdout);
    const [header, , signature] = jws.split('.');
    const forged = Buffer.from(JSON.stringify({ ...checkpoint, created_at: '2000-01-01T00:00:00.000Z' })).toString(
      'base64url',
    );
    await writeFile(file('forged.json'), JSON.stringify({ checkpoint, jws: [header, forged, signature].join('.') }));
    expect((await orders('verify', '--against', file('forged.json'))).output).to.match(/signature does not hold/);

    // An older backup: the last event of partition 2 is not there yet, and nor was its head.
    await log.owner.query('alter table events disable trigger all; alter table partition_heads disable trigger all');
    await log.owner.query('delete from events where partition = 2 and "position" = 5');
    await log.owner.query(
      'update partition_heads set head = 4, hash = (select hash from events where partition = 2 and "position" = 4) where partition = 2',
    );
    expect((await orders('verify')).code).to.equal(0);
    const older = await orders('verify', '--against', file('checkpoint.json'));
    expect([older.code, older.stdout]).to.satisfy(
      () => older.code === 3 && /partition 2, position 5: cut-off/.test(older.stdout),
      older.output,
    );
  });

  it('orders verify --projections also compares the read models', async () => {
    const { stop } = await startProjector(log);
    await projected(log);
    expect((await orders('verify', '--projections')).code).to.equal(0);
    await log.redis.del(liveKeys(log, 'order-status', 1)('placed', 'pending', 'unpaid'));
    const drifted = await orders('verify', '--projections');
    expect([drifted.code, drifted.stdout]).to.satisfy(
      () => drifted.code === 3 && /order-status {2}order .*live nothing/.test(drifted.stdout),
      drifted.output,
    );
    await stop();
  });

  it('orders verify --export checks a file of orders export, in either format, whole or filtered', async () => {
    // Runs the command 20 times.
    const { rows } = await log.owner.query('select order_id from events where partition = 1 limit 1');
    const { rows: times } = await log.owner.query<{ at: Date }>('select max(recorded_at) as at from events');
    const to = new Date(times[0]!.at.getTime() + 1).toISOString();
    for (const [name, args, count] of [
      ['all.ndjson', [], 20],
      ['all.csv', ['--format', 'csv'], 20],
      ['one.ndjson', ['--order', rows[0].order_id], 1],
      ['user.ndjson', ['--user', 'u-1'], 20],
      ['nobody.ndjson', ['--user', 'u-2'], 0],
      ['before.ndjson', ['--to', '2020-01-01T00:00:00Z'], 0],
      ['range.ndjson', ['--from', '2020-01-01T00:00:00Z', '--to', to], 20],
      ['after.ndjson', ['--from', to], 0],
    ] as const) {
      const exported = await orders('export', ...args);
      expect(exported.code, exported.output).to.equal(0);
      await writeFile(file(name), exported.stdout);
      const checked = await orders('verify', '--export', file(name));
      expect([checked.code, checked.stdout], name).to.deep.equal([0, `${count} events match their hashes\n`]);
      const asJson = JSON.parse((await orders('verify', '--export', file(name), '--json')).stdout);
      expect(asJson).to.include({ is_intact: true, events: count, error: null });
      if (count === 20) {
        await writeFile(file(name), exported.stdout.replace('"u-1', '"u-9').replace('""u-1', '""u-9'));
        const line = name.endsWith('.csv') ? 2 : 1;
        expect((await orders('verify', '--export', file(name))).stdout).to.match(
          new RegExp(`^line ${line}: .*does not match its hash`),
        );
      }
    }
  });
});
