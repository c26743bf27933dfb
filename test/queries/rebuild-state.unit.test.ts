import { expect } from 'chai';
import { rebuildState } from '../../src/queries/get-projections.js';

describe('The state of a rebuild', () => {
  const build = { generation: 2, version: 1, requested_by: 'test', requested_at: '2026-01-01T00:00:00.000Z' };
  const stateOf = (done: number, total: number, perSecond: number | null) =>
    rebuildState(
      { name: 'metrics', version: 1 },
      build,
      { reports: [], unreported: 'unowned' },
      {
        generation: 2,
        events_done: done,
        events_total: total,
        events_per_second: perSecond,
        reported_at: '2026-01-01T00:00:10.000Z',
      },
    );

  it('estimates the time left from the rate', () => {
    expect(stateOf(50, 100, 10)).to.include({ seconds_left: 5, events_per_second: 10, lag: 50 });
  });

  it('has no time left below zero, although a partition began again or the log went back', () => {
    expect(stateOf(50, 100, -10)).to.include({ seconds_left: null, events_per_second: 0 });
    expect(stateOf(120, 100, 10)).to.include({ seconds_left: 0, lag: 0 });
  });

  it('has no estimate before the rate is known', () => {
    expect(stateOf(0, 100, null)).to.include({ seconds_left: null, events_per_second: null });
  });
});
