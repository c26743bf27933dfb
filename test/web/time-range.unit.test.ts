import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { transform } from 'esbuild';
import { projectPath } from '../../src/project-path.js';

describe('the time axis of a chart', () => {
  let timeRange: (times: readonly number[]) => [number, number];
  let selectedRange: (times: readonly number[], from: number, to: number) => [number, number] | undefined;
  before(async () => {
    // The console is bundled for browsers: the tests are built without its modules.
    const source = await readFile(projectPath('web/src/ui/chart/time-range.ts'), 'utf8');
    const { code } = await transform(source, { loader: 'ts' });
    ({ timeRange, selectedRange } = await import(`data:text/javascript,${encodeURIComponent(code)}`));
  });

  it('a single day is shown as a day, and not as the years around it', () => {
    expect(timeRange([86_400])).to.deep.equal([43_200, 129_600]);
  });

  it('several intervals are shown with half of one more on either side', () => {
    expect(timeRange([0, 3_600, 7_200])).to.deep.equal([-1_800, 9_000]);
  });

  it('a selection is the range between its ends, and includes all of the last interval if it reaches into it', () => {
    const times = [0, 100, 200];
    expect(selectedRange(times, 30, 120)).to.deep.equal([30, 120]);
    expect(selectedRange(times, -50, 250)).to.deep.equal([0, 300]);
    expect(selectedRange([0, 31, 59, 90], 40, 95)).to.deep.equal([40, 121]);
  });

  it('a selection within the outer half of the first or the last bar stands for that interval', () => {
    const times = [0, 100, 200];
    expect(selectedRange(times, -40, -10)).to.deep.equal([0, 100]);
    expect(selectedRange(times, 210, 240)).to.deep.equal([200, 300]);
  });

  it('a selection on a single interval chooses nothing', () =>
    expect(selectedRange([86_400], 50_000, 100_000)).to.equal(undefined));
});
