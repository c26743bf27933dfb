import { expect } from 'chai';
import { ProgressBar } from '../../../src/cli/terminal/progress-bar.js';

describe('The progress bar', () => {
  afterEach(() => {
    Reflect.deleteProperty(performance, 'now');
  });

  /** The last text of a bar after 10 s, with a part that is done. */
  function shownAt(fraction: number): string {
    let shown = '';
    const write = (text: string) => {
      shown = text;
    };
    const startMs = Math.round(performance.now());
    performance.now = () => startMs;
    const bar = new ProgressBar('lines', { progress: { isScreen: true, write } });
    performance.now = () => startMs + 10_000;
    bar.update(fraction, 100);
    return shown;
  }

  it('a task that is half done shows half of the bar, and how long the rest will take', () => {
    expect(shownAt(0.5)).to.match(/█{14}░{14} 50 % {2}100 lines {2}10\/s {2}10 s left$/);
  });

  it('a task that does more than it knew of at its start shows a full bar', () => {
    expect(shownAt(1.5)).to.match(/█{28} 100 % .* 0 s left$/);
  });
});
