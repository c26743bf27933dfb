import { expect } from 'chai';
import { firstEpoch, LogEpochs, parseEventPosition } from '../src/log-epochs.js';

const startsAfter = (...positions: number[]) => new Map(positions.map((position, partition) => [partition, position]));
const second = {
  name: '2-9f3a01bc',
  startedAt: '2026-02-01T00:00:00.000Z',
  clockReset: false,
  startsAfter: startsAfter(100, 50),
};
const third = {
  name: '3-00000001',
  startedAt: '2026-03-01T00:00:00.000Z',
  clockReset: true,
  startsAfter: startsAfter(110, 20),
};

describe('the epochs of a log', () => {
  const epochs = new LogEpochs([second, third]);

  it('name a position by the epoch in which its event was appended; the first epoch is not named', () => {
    expect(epochs.current).to.equal('3-00000001');
    expect([100, 101, 110, 111].map((position) => epochs.format(0, position))).to.deep.equal([
      '0:100',
      '0:101@2-9f3a01bc',
      '0:110@2-9f3a01bc',
      '0:111@3-00000001',
    ]);
    expect([20, 21].map((position) => epochs.format(1, position))).to.deep.equal(['1:20', '1:21@3-00000001']);
    expect(new LogEpochs().format(5, 120)).to.equal('5:120');
  });

  it('lose the positions that an earlier epoch gave out beyond the start of a later one', () => {
    const isLost = (partition: number, position: number, epoch: string) =>
      epochs.isLost({ partition, position, epoch });
    expect(isLost(0, 100, firstEpoch)).to.equal(false);
    expect(isLost(0, 101, firstEpoch)).to.equal(true);
    // The third epoch started before the second one in partition 1.
    expect([isLost(1, 20, firstEpoch), isLost(1, 21, firstEpoch)]).to.deep.equal([false, true]);
    expect([isLost(0, 110, second.name), isLost(0, 111, second.name)]).to.deep.equal([false, true]);
    expect(isLost(0, 999, third.name)).to.equal(false);
    expect(isLost(0, 1, '2-ffffffff'), 'an epoch that the log does not know').to.equal(true);
  });

  it('say by when an event was recorded, if the clock was ahead until an operator reset it', () => {
    const ahead = '2027-01-01T00:00:00.000Z';
    expect(epochs.recordedBy(0, 110, ahead)).to.equal(third.startedAt);
    expect(epochs.recordedBy(0, 111, ahead)).to.equal(ahead);
    expect(epochs.recordedBy(0, 5, '2026-01-01T00:00:00.000Z')).to.equal('2026-01-01T00:00:00.000Z');
  });

  it('parse the positions that they format, and nothing else', () => {
    expect(parseEventPosition('5:120')).to.deep.equal({ partition: 5, position: 120, epoch: '1' });
    expect(parseEventPosition('5:120@2-9f3a01bc')).to.deep.equal({ partition: 5, position: 120, epoch: '2-9f3a01bc' });
    for (const text of [
      '',
      '5',
      '5:',
      '5:120@',
      '5:120@1',
      '5:120@2',
      '5:120@2-9F3A01BC',
      '5:120@0-9f3a01bc',
      '5:1:2',
    ]) {
      expect(parseEventPosition(text), text).to.equal(undefined);
    }
  });
});
