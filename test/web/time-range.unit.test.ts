import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { transform } from 'esbuild';
import { projectPath } from '../../src/project-path.js';

describe('the time axis of a chart', () => {
  let timeRange: (times: readonly number[]) => [number, number];
  before(async () => {
    // The console is bundled for browsers: the tests are built without its modules.
    const source = await readFile(projectPath('web/src/ui/time-range.ts'), 'utf8');
    const { code } = await transform(source, { loader: 'ts' });
    ({ timeRange } = await import(`data:text/javascript,${encodeURIComponent(code)}`));
  });

  it('a single day is shown as a day, and not as the years around it', () => {
    expect(timeRange([86_400])).to.deep.equal([43_200, 129_600]);
  });

  it('several intervals are shown with half of one more on either side', () => {
    expect(timeRange([0, 3_600, 7_200])).to.deep.equal([-1_800, 9_000]);
  });
});
