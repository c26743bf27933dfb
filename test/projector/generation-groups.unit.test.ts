import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import { groupGenerations } from '../../src/projector/generation-groups.js';
import { projectorLimits as limits } from '../../src/projector/limits.js';
import type { Generations } from '../../src/read-models/generations.js';

describe('groups of generations', () => {
  const start = Date.UTC(2026, 10, 26);

  /**
   * The names of the groups. Each argument is the time of a projection's request for a rebuild, in
   * ms after the first one; undefined means no request.
   */
  function groups(...afterMs: (number | undefined)[]): string[] {
    const all = allProjections.map(({ version }, index): Generations => {
      const after = afterMs[index];
      const requested_at = new Date(start + (after ?? 0)).toISOString();
      const build = { generation: 2, version, requested_by: 'test', requested_at };
      return {
        live: new Map([[version, 1]]),
        next: new Map(after === undefined ? [] : [[version, build]]),
        retired: new Map(),
        filling: new Map(),
        resumes: 0,
      };
    });
    return [...groupGenerations(allProjections, all).keys()];
  }

  const [first, second, third] = allProjections.map(({ name }) => name);
  const live = `live ${allProjections.map(({ name }) => `${name}:1`).join(' ')}`;

  it('rebuilds that are requested at nearly the same time read the log together, in any order of requests', () => {
    expect(groups(0, limits.sharedRebuildMs, 20)).to.deep.equal([live, `rebuild ${first}:2 ${third}:2 ${second}:2`]);
  });

  it('a rebuild that is requested later does not hold back those that are under way', () => {
    const later = limits.sharedRebuildMs + 1;
    expect(groups(later, 0, later + 1)).to.deep.equal([live, `rebuild ${second}:2`, `rebuild ${first}:2 ${third}:2`]);
  });

  it('rebuilds are grouped apart from the live generations, and without a rebuild there is no such group', () => {
    expect(groups(undefined, undefined, 5)).to.deep.equal([live, `rebuild ${third}:2`]);
    expect(groups()).to.deep.equal([live]);
  });
});
