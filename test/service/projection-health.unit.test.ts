import { expect } from 'chai';
import type { ProjectionState } from '../../src/queries/projections-document.js';
import { namePartitions, projectionHealth } from '../../src/service/health/projection-health.js';

describe('projectionHealth', () => {
  it('is unknown, but not degraded by itself, if Redis does not respond', () => {
    expect(projectionHealth(undefined)).to.deep.equal({ isDegraded: false, text: 'unknown' });
  });

  it('names what has stopped in this process, although Redis does not respond', () => {
    const own = [{ projection: 'metrics', partition: 3, position: 120 }];
    expect(projectionHealth(undefined, own)).to.deep.equal({
      isDegraded: true,
      text: 'metrics stopped in partition 3 at 120',
    });
  });
});

describe('projectionHealth of partitions without a report', () => {
  it('says that projectors are dead only if they could report', () => {
    const textOf = (state: 'unowned' | 'blocked') => {
      const partition = { partition: 0, state, owner: null } as ProjectionState['partitions'][number];
      const states = [{ name: 'metrics', lag_seconds: 0, partitions: [partition], rebuild: null }];
      return projectionHealth(states as unknown as ProjectionState[]).text;
    };
    expect(textOf('unowned')).to.equal('no living projector in the only partition');
    expect(textOf('blocked')).to.equal('no projector can report on the only partition');
  });
});

describe('namePartitions', () => {
  it('names few partitions, and counts many', () => {
    expect(namePartitions([0], 1)).to.equal('the only partition');
    expect(namePartitions([0, 1], 2)).to.equal('all 2 partitions');
    expect(namePartitions([7], 16)).to.equal('partition 7');
    expect(namePartitions([1, 2, 7], 16)).to.equal('partitions 1, 2 and 7');
    expect(namePartitions([1, 2, 3, 4, 5, 6, 7, 8, 9], 16)).to.equal('9 of 16 partitions');
  });
});
