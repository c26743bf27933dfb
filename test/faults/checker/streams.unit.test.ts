import { expect } from 'chai';
import type { StreamRecord, WebhookRecord } from '../history.js';
import type { LogEvent } from './log.js';
import { logOf, paid, placed } from './planted.js';
import { type Change, checkStreams } from './streams.js';
import { checkWebhooks } from './webhooks.js';

const log = logOf([placed(), paid('k-2', 1000), paid('k-3', 2000)]);
const [first, second, third] = log.events.map(changeOf) as [Change, Change, Change];

function changeOf(event: LogEvent): Change {
  return {
    order_id: event.orderId,
    version: event.version,
    type: event.type,
    data: JSON.parse(event.data),
    occurred_at: event.occurredAt,
    recorded_at: event.recordedAt,
    position: `${event.partition}:${event.position}`,
  };
}

function streamed(...messages: (Change | { lost: object[] })[]): StreamRecord[] {
  return messages.map((data, nth) => ({
    kind: 'stream',
    reader: 0,
    at: nth * 10,
    id: `${nth}`,
    event: 'lost' in data ? 'reset' : 'message',
    data,
  }));
}

const streams = (records: StreamRecord[], losses: Parameters<typeof checkStreams>[2] = []) =>
  checkStreams(records, log, losses, () => undefined);

describe('the checker of streams', () => {
  it('finds nothing if a reader got every change once and in order', () => {
    expect(streams(streamed(first, second, third))).to.deep.equal([]);
  });

  it('finds a change that is missing, in the middle or at the end', () => {
    expect(streams(streamed(first, third)).join()).to.contain('without 2:2 in front of it');
    expect(streams(streamed(first, second)).join()).to.contain('never received 2:3');
  });

  it('finds a change that was repeated or came too early', () => {
    expect(streams(streamed(first, second, second, third)).join())
      .to.contain('2:2')
      .and.contain('after 2:2');
    expect(streams(streamed(second, first, third)).join())
      .to.contain('2:1')
      .and.contain('after 2:2');
  });

  it('finds a change that is not that of the log', () => {
    expect(streams(streamed(first, { ...second, type: 'OrderShipped' }, third)).join()).to.contain('does not have');
  });

  it('accepts changes that a restore has lost, and repetitions after the reset that names them', () => {
    const lostChange = { ...second, recorded_at: '2025-12-31T00:00:00.000Z' };
    const reset = { lost: [{ partition: 2, after: 1, up_to: 2 }] };
    const records = streamed(first, lostChange, reset, second, third);
    expect(streams(records, [{ kind: 'loss', at: 15, lostFrom: { 2: 2 } }])).to.deep.equal([]);
    expect(streams(records)).to.have.length(1);
    expect(streams(records, [{ kind: 'loss', at: -9_000, lostFrom: { 2: 2 } }])).to.have.length(1);
  });

  it('finds a reset that does not say what was lost', () => {
    const reset: StreamRecord = { kind: 'stream', reader: 0, at: 0, id: null, event: 'reset', data: { status: 400 } };
    expect(streams([reset, ...streamed(first, second, third)]).join()).to.contain('may have missed changes');
  });
});

function delivered(...changes: Change[]): WebhookRecord[] {
  return changes.map((data, nth) => {
    const id = `evt_51c1d80e_${data.position.replace(':', '_')}`;
    const body = { type: data.type, timestamp: data.occurred_at, data };
    return { kind: 'webhook', at: nth, webhookId: id, headers: { 'webhook-id': id }, body, answered: 204 };
  });
}

const webhooks = (records: WebhookRecord[]) => checkWebhooks(records, log, () => undefined);

describe('the checker of webhooks', () => {
  it('finds nothing if every event was accepted in order, also with repetitions', () => {
    expect(webhooks(delivered(first, second, first, third, second))).to.deep.equal([]);
  });

  it('finds an event that was never accepted', () => {
    const records = delivered(first, second, third).map((record, nth) => ({
      ...record,
      answered: nth === 2 ? 500 : 204,
    }));
    expect(webhooks(records)).to.deep.equal([`the webhook never delivered 2:3 (order ${third.order_id}, version 3).`]);
  });

  it('finds an event that was sent before the one in front of it was accepted', () => {
    expect(webhooks(delivered(first, third, second, third)).join())
      .to.contain('version 3')
      .and.contain('before version 2');
    const refused = delivered(first, second, third, second, third).map((record, nth) => ({
      ...record,
      answered: nth === 1 ? 503 : 204,
    }));
    expect(webhooks(refused).join()).to.contain('before version 2 was accepted');
  });

  it('finds an id that means two events', () => {
    const [one, two, three] = delivered(first, second, third);
    const headers = { 'webhook-id': 'evt_51c1d80e_2_2' };
    expect(webhooks([one!, two!, { ...three!, headers }]).join()).to.contain('has the id of order');
  });
});
