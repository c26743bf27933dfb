import { expect } from 'chai';
import { HeadTimes } from '../../../src/event-log/heads/head-times.js';
import { eventLogLimits } from '../../../src/event-log/limits.js';

describe('HeadTimes', () => {
  let nowMs = 0;
  const head = (position: number, recordedAgoMs: number) => [
    { partition: 0, position, clock_behind_ms: -recordedAgoMs },
  ];
  const started = () => {
    nowMs = 0;
    return new HeadTimes(() => nowMs);
  };

  it('a lag in seconds is the age of the first event after the checkpoint, within one reading', () => {
    const times = started();
    times.observe(head(10, 60_000));
    nowMs = 1_000;
    times.observe(head(15, 200));
    expect(times.lagMs(0, 15)).to.equal(0);
    expect(times.lagMs(0, 12)).to.equal(200);
    expect(times.lagMs(0, 9), 'recorded before the process began').to.equal(61_000);
  });

  it('an unknown partition has no lag in seconds, and events after the last reading have none yet', () => {
    const times = started();
    expect([times.lagMs(0, 0), times.ageMs]).to.deep.equal([undefined, undefined]);
    times.observe(head(10, 0));
    nowMs = 300;
    expect([times.lagMs(0, 10), times.ageMs]).to.deep.equal([0, 300]);
  });

  it('a clock that is behind the last event makes no negative lag', () => {
    const times = started();
    times.observe(head(10, -5_000));
    expect(times.lagMs(0, 0)).to.equal(0);
  });

  it('the memory is bounded, and an old lag keeps its age', () => {
    const times = started();
    const readings = 20 * eventLogLimits.maxHeadSamples;
    for (let nth = 1; nth <= readings; nth += 1) {
      nowMs = nth * 1_000;
      times.observe(head(nth, 0));
    }
    expect(times.lagMs(0, 0)).to.equal((readings - 1) * 1_000);
    expect(times.lagMs(0, readings - 10)).to.be.within(8_000, 9_000);
    const middle = times.lagMs(0, readings / 2) ?? 0;
    expect(middle / 1_000 / (readings / 2)).to.be.within(0.8, 1);
  });
});
