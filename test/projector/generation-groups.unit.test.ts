import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import { groupGenerations } from '../../src/projector/generation-groups.js';
import { projectorLimits as limits } from '../../src/projector/limits.js';
import type { Generations } from '../../src/read-models/generations.js';

describe('rebuilds', () => {
  const start = Date.UTC(2026, 10, 26);

  /** The groups' names where a rebuild of each projection was asked for so long after the first; undefined: none was. */
  function groups(...afterMs: (number | undefined)[]): string[] {
    const all = allProjections.map(({ version }, index): Generations => {
      const after = afterMs[index];
      const requested_at = new Date(start + (after ?? 0)).toISOString();
      const build = { generation: 2, version, requested_by: 'test', requested_at };
      return {
        live: new Map([[version, 1]]),
        next: new Map(after === undefined ? [] : [[version, build]]),
        retired: new Map(),
        resumes: 0,
      };
    });
    return [...groupGenerations(allProjections, all).keys()];
  }

  const [first, second, third] = allProjections.map(({ name }) => name);
  const live = `live ${first}:1 ${second}:1 ${third}:1`;

  it('that were asked for at nearly the same time read the log together, however they were asked for', () => {
    expect(groups(0, limits.sharedRebuildMs, 20)).to.deep.equal([live, `rebuild ${first}:2 ${third}:2 ${second}:2`]);
  });

  it('that are asked for later do not hold up those under way', () => {
    const later = limits.sharedRebuildMs + 1;
    expect(groups(later, 0, later + 1)).to.deep.equal([live, `rebuild ${second}:2`, `rebuild ${first}:2 ${third}:2`]);
  });

  it('are beside the live read models, and nothing where there are none', () => {
    expect(groups(undefined, undefined, 5)).to.deep.equal([live, `rebuild ${third}:2`]);
    expect(groups()).to.deep.equal([live]);
  });
});
