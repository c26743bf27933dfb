import { expect } from 'chai';
import { noteTaken } from '../../../../src/audit/checkpoints-taken.js';
import { operatorStreamId, recordOperatorEvent } from '../../../../src/event-log/operators/operator-events.js';
import { createStreamReader } from '../../../../src/event-log/read/read-stream.js';
import { projectPath } from '../../../../src/project-path.js';
import { appender, noteEvent, orderIdIn, place } from '../../../support/events.js';
import { startLocalService } from '../../../support/local-service.js';
import { eventually, type TestLog } from '../../../support/servers.js';
import { call, useService } from '../../../support/service.js';

/** Changes the log as only the owner of the database can, past the triggers. */
async function tamper({ owner }: TestLog, sql: string): Promise<void> {
  await owner.query('alter table events disable trigger all');
  await owner.query(sql);
}

describe('GET /audit/events', () => {
  const service = useService();
  const page = async (query: string) => (await call(service, 'GET', `/audit/events?${query}`)).body;

  it('shows a partition event by event, and each hash follows from the one before', async () => {
    const append = appender(service.log);
    const [first, second] = [orderIdIn(3, 16), orderIdIn(3, 16)];
    await place(append, first);
    await place(append, second);
    await append({ orderId: first, expectedVersion: 1, events: [noteEvent('late')] });
    const all = await page('partition=3');
    expect(all.events.map(({ position, order_id, version }) => [position, order_id, version])).to.deep.equal([
      [1, first, 1],
      [2, second, 1],
      [3, first, 2],
    ]);
    expect([all.head, all.next_after]).to.deep.equal([3, null]);
    for (const [nth, event] of all.events.entries()) {
      expect(event.is_intact).to.equal(true);
      expect(event.previous_hash).to.equal(nth === 0 ? '0'.repeat(64) : all.events[nth - 1]?.hash);
    }
    const rest = await page('partition=3&after=1&limit=1');
    expect([rest.events.map(({ position }) => position), rest.next_after]).to.deep.equal([[2], 2]);
    expect(rest.events[0]?.previous_hash).to.equal(all.events[0]?.hash);

    const stream = await page(`order_id=${first}`);
    expect(stream.events.map(({ version, type }) => [version, type])).to.deep.equal([
      [1, 'OrderPlaced'],
      [2, 'OrderNoteAdded'],
    ]);
    expect((await page(`order_id=${first}&after=1`)).events.map(({ version }) => version)).to.deep.equal([2]);
  });

  it('jumps to the events that were recorded after a time', async () => {
    const append = appender(service.log);
    const orderId = orderIdIn(4, 16);
    await place(append, orderId);
    const [before] = (await page('partition=4')).events;
    const at = before?.recorded_at ?? '';
    await append({ orderId, expectedVersion: 1, events: [noteEvent('later')] });
    const after = (await page(`partition=4&at=${encodeURIComponent(at)}`)).events;
    expect(after.every(({ recorded_at }) => recorded_at > at)).to.equal(true);
    expect((await page('partition=4&at=2020-01-01T00:00:00Z')).events.length).to.be.greaterThan(after.length);
    expect((await page('partition=4&at=2099-01-01T00:00:00Z')).events).to.deep.equal([]);
  });

  it('shows what operators did, which is a stream of its own', async () => {
    const { pool, settings } = service.log;
    const data = { person: 'p-1', orders: 0, reason: 'asked for it' };
    const readStream = createStreamReader(pool, settings.partitions);
    await recordOperatorEvent(readStream, appender(service.log), { type: 'PersonForgotten', data }, 'operator:ada');
    const [event] = (await page(`order_id=${operatorStreamId}`)).events;
    expect([event?.type, event?.data.reason, event?.metadata.actor]).to.deep.equal([
      'PersonForgotten',
      'asked for it',
      'operator:ada',
    ]);
  });

  it('an event that was changed in the database is shown as not intact', async () => {
    const append = appender(service.log);
    const orderId = orderIdIn(5, 16);
    await place(append, orderId);
    await append({ orderId, expectedVersion: 1, events: [noteEvent('as written')] });
    await tamper(service.log, `update events set data = '{"text":"forged"}' where partition = 5 and "position" = 2`);
    const { events } = await page('partition=5');
    expect(events.map(({ is_intact }) => is_intact)).to.deep.equal([true, false]);
  });

  it('the events on both sides of a gap in the log are shown, up to the last one that is left', async () => {
    const append = appender(service.log);
    const orderId = orderIdIn(6, 16);
    await place(append, orderId);
    for (const version of [1, 2, 3, 4]) await append({ orderId, expectedVersion: version, events: [noteEvent('n')] });
    await tamper(service.log, 'delete from events where partition = 6 and "position" in (2, 5)');
    const states = ({ events }: Awaited<ReturnType<typeof page>>) =>
      events.map(({ position, is_intact }) => [position, is_intact]);
    expect(states(await page('partition=6&after=2'))).to.deep.equal([
      [3, false],
      [4, true],
    ]);
    const third = (await page('partition=6&after=2')).events[0];
    for (const query of ['partition=6', `order_id=${orderId}`])
      expect(
        (await page(query)).events.map(({ position, previous_hash }) => [position, previous_hash]),
        query,
      ).to.deep.equal([
        [1, '0'.repeat(64)],
        [3, null],
        [4, third?.hash],
      ]);
    expect(third?.previous_hash, 'the first of a page').to.equal(null);
    const stream = await page(`order_id=${orderId}`);
    expect(states(stream)).to.deep.include.members([[3, false]]);
    expect((await page('partition=6&after=4')).next_after).to.equal(null);
  });

  it('a query needs a partition of the log or a stream, and says so', async () => {
    for (const [query, pointer, message] of [
      ['', '/query', 'must have either partition or order_id'],
      ['partition=16', '/query/partition', 'must be below 16, the number of partitions'],
      [`partition=1&order_id=${operatorStreamId}`, '/query', 'must have either partition or order_id, not both'],
      ['partition=1&at=2026-01-01T00:00:00Z&after=1', '/query', 'must not have both at and after'],
      [`order_id=${operatorStreamId}&at=2026-01-01T00:00:00Z`, '/query', 'must not have both at and order_id'],
    ]) {
      const { status, problem } = await call(service, 'GET', `/audit/events?${query}`);
      expect(status, query).to.equal(422);
      expect(problem.errors).to.deep.equal([{ pointer, message }]);
    }
  });
});

describe('/audit/verifications', () => {
  const service = useService({
    ORDERS_SIGNING_KEY_FILES: projectPath('test', 'fixtures', 'format-1', 'signing-key.pem'),
  });
  const newest = () =>
    eventually('the verification to end', async () => {
      const [run] = (await call(service, 'GET', '/audit/verifications')).body.runs;
      return run?.state !== 'running' && run;
    });

  it('a verification recomputes the log, and names the event that was changed', async () => {
    const append = appender(service.log);
    const orderId = orderIdIn(2, 16);
    await place(append, orderId);
    await append({ orderId, expectedVersion: 1, events: [noteEvent('as written')] });
    const started = await call(service, 'POST', '/audit/verifications', {});
    expect([started.status, started.body.is_new, started.body.run.requested_by]).to.deep.equal([
      202,
      true,
      'anonymous',
    ]);
    const intact = await newest();
    expect([intact.state, intact.error, intact.findings, intact.events_done, intact.against]).to.deep.equal([
      'done',
      null,
      [],
      2,
      null,
    ]);

    await tamper(service.log, `update events set data = '{"text":"forged"}' where partition = 2 and "position" = 2`);
    await call(service, 'POST', '/audit/verifications', {});
    const forged = await eventually('the second run', async () => {
      const run = await newest();
      return run.run_id !== intact.run_id && run;
    });
    expect(forged.findings.map(({ partition, position, reason }) => [partition, position, reason])).to.deep.equal([
      [2, 2, 'altered'],
    ]);
  });

  it('the list says when a signed checkpoint was last taken', async () => {
    const last = async () => (await call(service, 'GET', '/audit/verifications')).body.last_checkpoint_at;
    expect(await last()).to.equal(null);
    const { body } = await call(service, 'GET', '/audit/checkpoint');
    const takenAt = await eventually('the note', async () => (await last()) ?? undefined);
    expect(Date.parse(takenAt)).to.be.at.least(Date.parse(body.checkpoint.created_at));
  });

  it('a process without a signing key knows the checkpoints that others have taken', async () => {
    await noteTaken(service.log.pool);
    const withoutKey = await startLocalService(service.log, { ORDERS_ROLES: 'api' });
    try {
      const { body } = await call(withoutKey, 'GET', '/audit/verifications');
      expect(body.last_checkpoint_at).to.be.a('string');
    } finally {
      await withoutKey.stop();
    }
  });

  it('a checkpoint that this service has not signed is refused', async () => {
    const { status, problem } = await call(service, 'POST', '/audit/verifications', { against: 'a.b.c' });
    expect([status, problem.errors?.[0]?.pointer]).to.deep.equal([422, '/against']);
  });
});
