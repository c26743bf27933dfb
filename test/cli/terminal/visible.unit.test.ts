import { expect } from 'chai';
import { visible } from '../../../src/cli/terminal/visible.js';

describe('A text on a screen', () => {
  it('shows control characters instead of sending them to the terminal', () => {
    expect(visible('note: \x1b]0;owned\x07\x1b[2J')).to.equal('note: \\u001b]0;owned\\u0007\\u001b[2J');
    expect(visible('paid\rrefunded\b\x7f\x9b31m\0')).to.equal('paid\\u000drefunded\\u0008\\u007f\\u009b31m\\u0000');
    expect(visible('a\u202ecba\u2066x')).to.equal('a\\u202ecba\\u2066x');
  });

  it('keeps lines, tabs and every other character', () => {
    const text = 'a,b\r\nc\td\n→ äöü 漢字 👩‍🚀 é';
    expect(visible(text)).to.equal(text);
  });
});
