import { expect } from 'chai';
import type { LossRecord, StreamRecord } from '../history.js';
import type { Change } from './changes.js';
import { Losses } from './losses.js';
import { groupByOrder, shownEvents } from './orders.js';
import { changeOf, logOf, paid, placed } from './planted.js';
import { checkStreams } from './streams.js';

const log = logOf([placed(), paid('k-2', 1000), paid('k-3', 2000)]);
const shown = shownEvents(groupByOrder(log, [], () => 2));
const [first, second, third] = log.events.map((event) => changeOf(event)) as [Change, Change, Change];
const losing = (at: number, position: number): LossRecord => ({ kind: 'loss', at, lostFrom: { 2: position } });
const inEpoch2 = (change: Change) => ({ ...change, position: `${change.position}@2-9f3a01bc` });

const resetOf = (...lost: object[]) => ({ type: '/problems/position-lost', lost });

function streamed(...messages: (Change | ReturnType<typeof resetOf>)[]): StreamRecord[] {
  return messages.map((data, nth) => ({
    kind: 'stream',
    reader: 0,
    at: nth * 10,
    id: `${nth}`,
    event: 'lost' in data ? 'reset' : 'message',
    data,
  }));
}

const streams = (records: StreamRecord[], losses: LossRecord[] = []) =>
  checkStreams(records, shown, new Losses(losses), () => undefined);

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

  it('finds a change with other data than the event', () => {
    const wrong = { ...second, data: { ...second.data, amount_minor: 1001 } };
    expect(streams(streamed(first, wrong, third)).join())
      .to.contain('2:2')
      .and.contain('does not have');
    expect(streams(streamed(first, { ...second, data: {} }, third))).to.have.length(1);
  });

  it('finds a change that names another epoch than that of its event', () => {
    expect(streams(streamed(first, inEpoch2(second), third))).to.have.length(1);
    const again = [resetOf({ partition: 2, after: 1, up_to: 2 }), inEpoch2(second), inEpoch2(third)];
    expect(streams(streamed(first, second, ...again), [losing(5, 2)])).to.deep.equal([]);
    expect(streams(streamed(first, inEpoch2(second), third), [losing(5, 2)]).join()).to.contain('2:3');
  });

  it('accepts changes that a restore has lost, and repetitions after the reset that names them', () => {
    const lostChange = { ...second, recorded_at: '2025-12-31T00:00:00.000Z' };
    const reset = resetOf({ partition: 2, after: 1, up_to: 2 });
    const records = streamed(first, lostChange, reset, inEpoch2(second), inEpoch2(third));
    expect(streams(records, [losing(15, 2)])).to.deep.equal([]);
    expect(streams(records)).to.have.length.greaterThan(0);
  });

  it('finds a reader that is not told that a change is lost', () => {
    const lostChange = { ...second, recorded_at: '2025-12-31T00:00:00.000Z' };
    const found = streams(streamed(first, lostChange, inEpoch2(second), inEpoch2(third)), [losing(5, 2)]);
    expect(found.join()).to.contain('was not told that 2:2');
  });

  it('finds a reset without a restore, or for another range than the restore has lost', () => {
    const after = [inEpoch2(second), inEpoch2(third)];
    const records = (lost: object) => streamed(first, second, resetOf(lost), ...after);
    expect(streams(records({ partition: 2, after: 1, up_to: 2 }), [losing(15, 2)])).to.deep.equal([]);
    expect(streams(records({ partition: 2, after: 0, up_to: 2 }), [losing(15, 2)]).join()).to.contain('kept partition');
    expect(streams(records({ partition: 2, after: 1, up_to: 1 }), [losing(15, 2)]).join()).to.contain('after 2:2');
    const unasked = streamed(first, second, resetOf({ partition: 2, after: 2, up_to: 3 }), third);
    expect(streams(unasked).join()).to.contain('no restore kept partition 2 up to 2');
  });

  it('finds a reset that does not say what was lost', () => {
    const reset: StreamRecord = { kind: 'stream', reader: 0, at: 0, id: null, event: 'reset', data: { status: 400 } };
    expect(streams([reset, ...streamed(first, second, third)]).join()).to.contain('names no lost changes');
  });

  it('finds a message that is no JSON', () => {
    const broken: StreamRecord = {
      ...{ kind: 'stream', reader: 0, at: 0, id: null, event: 'reset' },
      ...{ data: null, unreadable: '{"lost"' },
    };
    expect(streams([broken, ...streamed(first, second, third)]).join()).to.contain('{"lost", which is no message');
  });
});
